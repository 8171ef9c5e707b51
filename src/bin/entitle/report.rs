//! `entitle report`: one page about the final directory of a scenario.

use std::path::Path;

use super::output::{CliError, print, run};
use super::page::{Page, Past};
use super::{Exit, page, read};

/// Writes the page.
///
/// Nothing is written if a change failed: the directory is not the intended one then.
pub(super) fn report(file: &str) -> Result<Exit, CliError> {
    let (outcome, exit) = run(file, &read(file)?);
    if !outcome.is_complete() {
        return Ok(exit);
    }
    let mut past = Past::default();
    outcome.commits().iter().for_each(|commit| past.add(commit));
    let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    let directory = outcome.directory();
    let page = Page { source: &name, directory, past: Some(&past), now: directory.committed_at() };
    print(|out| page::write(out, &page))?;
    Ok(exit)
}
