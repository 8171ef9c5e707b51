//! Progress of long work, on a terminal only.

use std::io::{self, IsTerminal as _, Read, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar on standard error; it shows nothing where that is not a terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Creates a bar for a number of steps of what is counted in the plural, such as `commits`.
    pub(super) fn of(doing: &'static str, total: u64, counted: &'static str) -> Self {
        let template = format!("{doing} {{bar:20}} {{human_pos}} of {{human_len}} {counted}, {{eta}} left");
        Self::new(ProgressBar::new(total), &template)
    }

    /// Creates a bar for a few long steps, which shows the time that they take.
    pub(super) fn of_long(doing: &'static str, total: u64, counted: &'static str) -> Self {
        let template = format!("{doing} {{bar:20}} {{pos}} of {{len}} {counted}, for {{elapsed}}");
        Self::new(ProgressBar::new(total), &template).ticking()
    }

    /// Creates a line for steps whose number is not known before.
    pub(super) fn of_some(doing: &'static str, counted: &'static str) -> Self {
        let template = format!("{doing} {{spinner}} {{human_pos}} {counted}, for {{elapsed}}");
        Self::new(ProgressBar::new_spinner(), &template).ticking()
    }

    /// Creates a line for bytes whose number is not known before.
    pub(super) fn of_some_bytes(doing: &'static str) -> Self {
        let template = format!("{doing} {{spinner}} {{bytes}}, for {{elapsed}}");
        Self::new(ProgressBar::new_spinner(), &template).ticking()
    }

    /// Creates a bar for the bytes of a file.
    pub(super) fn of_bytes(doing: &'static str, total: u64) -> Self {
        let template = format!("{doing} {{bar:20}} {{bytes}} of {{total_bytes}}, {{eta}} left");
        Self::new(ProgressBar::new(total), &template)
    }

    fn new(bar: ProgressBar, template: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Returns a bar beside what is written to standard output: none where that is a terminal too.
    pub(super) fn beside_output(self) -> Self {
        if io::stdout().is_terminal() { Self(ProgressBar::hidden()) } else { self }
    }

    /// Draws the bar again and again, also while no step is done.
    fn ticking(self) -> Self {
        if !self.0.is_hidden() {
            self.0.tick();
            self.0.enable_steady_tick(Duration::from_millis(100));
        }
        self
    }

    /// Adds steps that are done.
    pub(super) fn add(&self, steps: usize) {
        self.0.inc(u64::try_from(steps).unwrap_or(u64::MAX));
    }

    /// Returns a reader whose bytes are counted, and which ends the bar when it is dropped.
    pub(super) fn reading<R: Read>(self, reader: R) -> impl Read {
        Reading { reader, progress: self }
    }

    /// Returns a writer whose bytes are counted, and which ends the bar when it is dropped.
    pub(super) fn writing<W: Write>(self, writer: W) -> impl Write {
        Writing { writer, progress: self }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A reader whose bytes are counted.
struct Reading<R> {
    reader: R,
    progress: Progress,
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.progress.add(read);
        Ok(read)
    }
}

/// A writer whose bytes are counted.
struct Writing<W> {
    writer: W,
    progress: Progress,
}

impl<W: Write> Write for Writing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(buffer)?;
        self.progress.add(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
