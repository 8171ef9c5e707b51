//! One page about a directory: seats, usage, the queue, access, ends and changes, as a single HTML file.
//!
//! The file has no address in it and opens without a network. Its data are JSON, which its script writes as text, never as
//! markup; the policy in its head names the hashes of that script and of its style, so that no other runs.

mod access;
mod advice;
mod changes;
mod ending;
mod head;
mod reasons;
mod seats;
mod tables;
mod usage;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entitle::usage::UsageReport;
use entitle::{Directory, Timestamp};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub(super) use self::changes::Past;
pub(super) use self::head::has_dates;
use self::tables::{Tables, TablesJson};

/// The page around its style, data and script.
const TEMPLATE: &str = include_str!("template.html");
const STYLE: &str = include_str!("page.css");
/// The script, in the order of its parts.
const SCRIPT: &str = concat!(
    "\"use strict\";\n",
    include_str!("js/data.js"),
    include_str!("js/text.js"),
    include_str!("js/table.js"),
    include_str!("js/charts.js"),
    include_str!("js/access.js"),
    include_str!("js/sections.js"),
);

/// What a page is about.
pub(super) struct Page<'a> {
    /// The name of the source, for a directory without a license.
    pub(super) source: &'a str,
    /// The directory.
    pub(super) directory: &'a Directory,
    /// The commits that led to it; `None` if they are not known.
    pub(super) past: Option<&'a Past>,
    /// The seats used, if the commits are known.
    pub(super) usage: Option<&'a UsageReport<'a>>,
    /// The time from which ends are soon.
    pub(super) now: Timestamp,
}

/// The data of a page. Sections have indices into the tables.
#[derive(Serialize)]
struct Data<'a> {
    head: head::Head<'a>,
    seats: seats::Seats<'a>,
    access: access::AccessColumns,
    grants: access::GrantColumns,
    advice: advice::Advice<'a>,
    ending: ending::Endings,
    usage: Option<usage::UsageColumns<'a>>,
    changes: Option<changes::Changes<'a>>,
    #[serde(flatten)]
    tables: TablesJson<'a>,
}

/// Writes a page.
pub(super) fn write(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    let mut parts = TEMPLATE.split("{{");
    out.write_all(parts.next().unwrap_or_default().as_bytes())?;
    for part in parts {
        let (name, after) = part.split_once("}}").unwrap_or((part, ""));
        match name {
            "style hash" => out.write_all(hash(STYLE).as_bytes())?,
            "script hash" => out.write_all(hash(SCRIPT).as_bytes())?,
            "style" => out.write_all(STYLE.as_bytes())?,
            "data" => write_data(out, page)?,
            "script" => out.write_all(SCRIPT.as_bytes())?,
            _ => {}
        }
        out.write_all(after.as_bytes())?;
    }
    Ok(())
}

/// Returns the hash by which a policy allows an element with this text.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn write_data(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    let mut tables = Tables::of(page.directory.catalog());
    let report = page.directory.seat_report();
    let seats = seats::Seats::of(&report, &mut tables);
    let access = access::AccessColumns::of(page.directory, &mut tables);
    let grants = access::GrantColumns::of(page, &mut tables);
    let advice = advice::Advice::of(page.directory, &mut tables);
    let ending = ending::Endings::of(page, &mut tables);
    let usage = page.usage.map(usage::UsageColumns::of);
    let changes = page.past.map(Past::changes);
    let head = head::Head::of(page, &report);
    let data = Data { head, seats, access, grants, advice, ending, usage, changes, tables: tables.json() };
    serde_json::to_writer(NoMarkup(out), &data)?;
    Ok(())
}

/// A writer of JSON in which no text can end a `script` element: `<` is escaped.
struct NoMarkup<'a>(&'a mut dyn Write);

impl Write for NoMarkup<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (place, part) in bytes.split(|&byte| byte == b'<').enumerate() {
            if place > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
