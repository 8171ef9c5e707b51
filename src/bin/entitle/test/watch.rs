//! Changes of files.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::super::output::CliError;

/// The time in which several changes count as one: editors write a file in steps.
const TOGETHER: Duration = Duration::from_millis(100);

/// The changes of some files.
pub(super) struct Changes {
    events: Receiver<notify::Result<Event>>,
    /// Watches until it is dropped.
    _watcher: RecommendedWatcher,
    files: Vec<PathBuf>,
}

impl Changes {
    /// Begins to watch. The folders are watched, because many editors replace a file in place of writing to it.
    pub(super) fn of(files: &[PathBuf]) -> Result<Self, CliError> {
        let (sender, events) = channel();
        let failed =
            |error: notify::Error| CliError::InvalidInput(format!("cannot watch the files: {error}"));
        let mut watcher = notify::recommended_watcher(sender).map_err(failed)?;
        let mut real = Vec::new();
        for file in files {
            let file = file.canonicalize().map_err(|error| CliError::in_source(file.display(), error))?;
            let folder = file.parent().unwrap_or(Path::new("/"));
            watcher.watch(folder, RecursiveMode::NonRecursive).map_err(failed)?;
            real.push(file);
        }
        Ok(Self { events, _watcher: watcher, files: real })
    }

    /// Waits until one of the files changes.
    pub(super) fn wait(&self) -> Result<(), CliError> {
        loop {
            let ended = |_| CliError::InvalidInput("the files can no longer be watched".to_owned());
            let change = self.events.recv().map_err(ended)?;
            if change.is_ok_and(|event| !event.kind.is_access() && self.is_of(&event)) {
                break;
            }
        }
        while self.events.recv_timeout(TOGETHER).is_ok() {}
        Ok(())
    }

    fn is_of(&self, event: &Event) -> bool {
        event.paths.iter().any(|path| self.files.contains(path))
    }
}
