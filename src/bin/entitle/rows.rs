//! Tables: aligned for people, as CSV, or as JSON.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::thread;

use entitle::Timestamp;
use entitle::report::{escape_cell, escape_hidden};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::output::{CliError, note, print, print_json};

/// The form of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    Table,
    Csv,
    Json,
}

/// The options that choose the form of a table.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct FormArgs {
    /// Write JSON, times in milliseconds since 1970
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Write CSV for spreadsheets, times as in ISO 8601; no cell is taken for a formula
    #[arg(long)]
    csv: bool,
}

impl FormArgs {
    pub(super) fn form(self) -> Form {
        match (self.json, self.csv) {
            (true, _) => Form::Json,
            (false, true) => Form::Csv,
            (false, false) => Form::Table,
        }
    }
}

/// The options that choose the form of a report about profiles and users.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct ReportFormArgs {
    /// Write a line for each profile as CSV
    #[arg(long, conflicts_with = "users_csv")]
    csv: bool,
    /// Write a line for each user in the report as CSV
    #[arg(long)]
    users_csv: bool,
    /// Write all of it as JSON, times in milliseconds since 1970
    #[arg(long, conflicts_with_all = ["csv", "users_csv"])]
    json: bool,
}

impl ReportFormArgs {
    pub(super) fn form(self) -> Form {
        FormArgs { json: self.json, csv: self.csv || self.users_csv }.form()
    }

    /// Writes a report in its form. The CSV is that of the profiles or that of the users.
    pub(super) fn print(
        self,
        report: &(impl Serialize + Display),
        profiles: &dyn Display,
        users: &dyn Display,
    ) -> io::Result<()> {
        print_report(self.form(), report, if self.users_csv { users } else { profiles })
    }
}

/// Writes a report to standard output, whose forms are not those of a table.
pub(super) fn print_report(
    form: Form,
    report: &(impl Serialize + Display),
    csv: &dyn Display,
) -> io::Result<()> {
    match form {
        Form::Json => print_json(report),
        Form::Csv => print(|out| write!(out, "{csv}")),
        Form::Table => print(|out| write!(out, "{report}")),
    }
}

/// A cell of a table.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Nothing,
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<String>),
    Time(Timestamp),
    /// Names, each with its end.
    #[serde(serialize_with = "ends_in_millis")]
    Ends(Vec<(String, Timestamp)>),
    Json(serde_json::Value),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<String>> for Cell {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl From<Timestamp> for Cell {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Nothing, Into::into)
    }
}

impl Cell {
    /// Returns the text for people.
    fn shown(&self) -> String {
        match self {
            Self::Nothing | Self::Flag(false) => String::new(),
            Self::Flag(true) => "yes".to_owned(),
            Self::Text(text) => escape_hidden(text).into_owned(),
            Self::Number(number) => number.to_string(),
            Self::List(list) => escape_hidden(&list.join(", ")).into_owned(),
            Self::Json(value) => escape_hidden(&value.to_string()).into_owned(),
            Self::Time(time) => time.to_string().trim_end_matches(" UTC").to_owned(),
            Self::Ends(ends) => {
                let ends = ends.iter().map(|(name, end)| format!("{} {end}", escape_hidden(name)));
                ends.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// Returns the text of a CSV cell: names in a list are separated by spaces, and times are those of ISO 8601 in UTC.
    fn csv(&self) -> Cow<'_, str> {
        match self {
            Self::Nothing | Self::Flag(false) => Cow::Borrowed(""),
            Self::Flag(true) => Cow::Borrowed("yes"),
            Self::Text(text) => escape_cell(text),
            Self::Number(number) => number.to_string().into(),
            Self::List(list) => escaped(list.join(" ")),
            Self::Json(value) => json_cell(&value.to_string()).into(),
            Self::Time(time) => time.iso().to_string().into(),
            Self::Ends(ends) => {
                let ends = ends.iter().map(|(name, end)| format!("{name}={}", end.iso()));
                escaped(ends.collect::<Vec<_>>().join(" "))
            }
        }
    }

    const fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

fn ends_in_millis<S: Serializer>(ends: &[(String, Timestamp)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ends.iter().map(|(name, end)| format!("{name}={}", end.as_millis())))
}

/// Returns the text of a CSV cell with JSON, which programs read: an object or a list is no formula.
///
/// Within its texts, characters that cannot be seen, and those that would begin a formula if a spreadsheet split the cell
/// before them, are written as numbers, as JSON has them.
fn json_cell(json: &str) -> String {
    if !json.starts_with(['{', '[']) {
        return escape_cell(json).into_owned();
    }
    let (mut cell, mut before, mut is_text) = (String::new(), ' ', false);
    for character in json.chars() {
        let is_split = is_text && is_separator(before) && is_formula(character);
        let mut buffer = [0; 4];
        if is_split || matches!(escape_hidden(character.encode_utf8(&mut buffer)), Cow::Owned(_)) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(cell, "\\u{unit:04x}");
            }
        } else {
            cell.push(character);
        }
        is_text ^= character == '"' && before != '\\';
        before = if before == '\\' { ' ' } else { character };
    }
    cell
}

/// Returns `true` if a spreadsheet may split a cell after the character, as [`escape_cell`] says.
pub(super) const fn is_separator(character: char) -> bool {
    matches!(character, ',' | ';' | '|' | ' ')
}

/// Returns `true` if a spreadsheet evaluates a cell that begins with the character, as [`escape_cell`] says.
pub(super) const fn is_formula(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}

/// Escapes the text of a CSV cell, which is not copied if it stays the same.
fn escaped(text: String) -> Cow<'static, str> {
    match escape_cell(&text) {
        Cow::Borrowed(_) => text.into(),
        Cow::Owned(escaped) => escaped.into(),
    }
}

/// A row, with as many cells as there are columns.
pub(super) type Row = Vec<Cell>;

/// Writes a table to standard output. CSV and JSON are written row by row, and an aligned table after the last row.
pub(super) fn print_rows(
    form: Form,
    columns: &[&str],
    rows: impl IntoIterator<Item = Row>,
) -> io::Result<()> {
    print_rows_or("nothing found", form, columns, rows)
}

/// Writes a table to standard output, or says on the standard error what it means that there are no rows.
pub(super) fn print_rows_or(
    none: &str,
    form: Form,
    columns: &[&str],
    rows: impl IntoIterator<Item = Row>,
) -> io::Result<()> {
    print(|out| match form {
        Form::Table => write_table(out, none, columns, rows),
        Form::Csv => write_csv(out, columns, rows),
        Form::Json => write_json(out, columns, rows),
    })
}

/// The texts before the first object of a list and before each other one.
const BETWEEN: [&str; 2] = ["\n", ",\n"];

/// The items of which a thread makes the text at a time.
const AT_ONCE: usize = 4_096;

/// The most rows of an aligned table of many: its rows are in memory until the last one is there.
const MOST_ALIGNED: usize = 250_000;

/// Writes a table of many rows to standard output, made on all processors where they are written one by one.
///
/// # Errors
///
/// Also if an aligned table would have more than 250,000 rows.
pub(super) fn print_many<T: Send>(
    form: Form,
    columns: &[&str],
    items: impl Iterator<Item = T>,
    row: impl Fn(T) -> Row + Sync,
) -> Result<(), CliError> {
    if form == Form::Table {
        return Ok(print_rows(form, columns, all_of(items, row, MOST_ALIGNED)?)?);
    }
    Ok(print(|out| write_many(out, form, columns, items, row))?)
}

/// Returns all rows, or an error if there are more than `most`.
fn all_of<T>(
    mut items: impl Iterator<Item = T>,
    row: impl Fn(T) -> Row,
    most: usize,
) -> Result<Vec<Row>, CliError> {
    let rows = items.by_ref().take(most).map(row).collect();
    if items.next().is_some() {
        return Err(CliError::InvalidInput(format!(
            "there are more than {most} rows: choose `--csv` or `--json`, or limit what is listed"
        )));
    }
    Ok(rows)
}

fn write_many<T: Send>(
    out: &mut dyn Write,
    form: Form,
    columns: &[&str],
    mut items: impl Iterator<Item = T>,
    row: impl Fn(T) -> Row + Sync,
) -> io::Result<()> {
    let text = |items: Vec<T>| {
        let (mut text, rows) = (Vec::new(), items.into_iter().map(&row));
        let written = match form {
            Form::Json => write_objects(&mut text, columns, rows),
            _ => write_csv_rows(&mut text, rows),
        };
        written.map(|()| text)
    };
    if form == Form::Csv {
        write_csv(&mut *out, columns, [])?;
        return write_texts(out, &mut items, ["", ""], text);
    }
    write!(out, "[")?;
    write_texts(out, &mut items, BETWEEN, text)?;
    writeln!(out, "\n]")
}

/// Writes texts in the order of the items that they are made of, as many at a time as there are processors.
fn write_texts<T: Send>(
    out: &mut dyn Write,
    items: &mut impl Iterator<Item = T>,
    [mut before, between]: [&str; 2],
    text: impl Fn(Vec<T>) -> io::Result<Vec<u8>> + Sync,
) -> io::Result<()> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    loop {
        let parts = (0..processors).map(|_| items.by_ref().take(AT_ONCE).collect::<Vec<T>>());
        let parts: Vec<Vec<T>> = parts.take_while(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return Ok(());
        }
        for text in texts_of(parts, &text)? {
            write!(out, "{before}")?;
            out.write_all(&text)?;
            before = between;
        }
    }
}

/// Makes a text of each part, each on a thread of its own if there are several.
fn texts_of<T: Send>(
    parts: Vec<Vec<T>>,
    text: &(impl Fn(Vec<T>) -> io::Result<Vec<u8>> + Sync),
) -> io::Result<Vec<Vec<u8>>> {
    if parts.len() == 1 {
        return parts.into_iter().map(text).collect();
    }
    thread::scope(|scope| {
        let begin = |part| thread::Builder::new().spawn_scoped(scope, move || text(part));
        let threads: Vec<_> = parts.into_iter().map(begin).collect::<io::Result<_>>()?;
        let texts =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        texts.collect()
    })
}

/// Writes a table whose columns are aligned, without those that are empty in each row.
pub(super) fn write_table(
    out: &mut dyn Write,
    none: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Row>,
) -> io::Result<()> {
    let rows: Vec<Row> = rows.into_iter().collect();
    if rows.is_empty() {
        note(none);
        return Ok(());
    }
    let mut lines: Vec<String> = vec![String::new(); rows.len().saturating_add(1)];
    for (place, column) in columns.iter().enumerate() {
        let cells = rows.iter().map(|row| row.get(place).map(Cell::shown).unwrap_or_default());
        let cells: Vec<String> = std::iter::once(column.replace('_', " ")).chain(cells).collect();
        let is_empty = cells.iter().skip(1).all(String::is_empty);
        if is_empty {
            continue;
        }
        let is_number = rows.iter().any(|row| row.get(place).is_some_and(Cell::is_number));
        add_column(&mut lines, &cells, is_number);
    }
    lines.iter().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

/// Adds a column to the lines of a table: numbers to the right, everything else to the left.
fn add_column(lines: &mut [String], cells: &[String], is_number: bool) {
    let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
    for (line, cell) in lines.iter_mut().zip(cells) {
        let space = " ".repeat(width.saturating_sub(cell.chars().count()));
        if !line.is_empty() {
            line.push_str("  ");
        }
        let (before, after) = if is_number { (space, String::new()) } else { (String::new(), space) };
        line.push_str(&before);
        line.push_str(cell);
        line.push_str(&after);
    }
}

fn write_csv(out: &mut dyn Write, columns: &[&str], rows: impl IntoIterator<Item = Row>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(&mut *out);
    csv.write_record(columns)?;
    csv.flush()?;
    drop(csv);
    write_csv_rows(out, rows)
}

fn write_csv_rows(out: &mut dyn Write, rows: impl IntoIterator<Item = Row>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    for row in rows {
        for cell in &row {
            csv.write_field(cell.csv().as_bytes())?;
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

fn write_json(out: &mut dyn Write, columns: &[&str], rows: impl IntoIterator<Item = Row>) -> io::Result<()> {
    write!(out, "[")?;
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_some() {
        writeln!(out)?;
    }
    write_objects(out, columns, rows)?;
    writeln!(out, "\n]")
}

fn write_objects(
    out: &mut dyn Write,
    columns: &[&str],
    rows: impl IntoIterator<Item = Row>,
) -> io::Result<()> {
    let mut separator = "";
    for row in rows {
        write!(out, "{separator}  ")?;
        serde_json::to_writer(&mut *out, &Object { columns, row: &row })?;
        [_, separator] = BETWEEN;
    }
    Ok(())
}

/// A row as an object; what is not there is left out.
struct Object<'a> {
    columns: &'a [&'a str],
    row: &'a [Cell],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (column, cell) in self.columns.iter().zip(self.row) {
            if !matches!(cell, Cell::Nothing) {
                map.serialize_entry(column, cell)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_with_json_stays_json() {
        for value in [
            json!({ "user": "ada; =1+1", "to": r#"a\" =1"# }),
            json!(["=1", "+1", "a;@x", "x -1", "a\u{202e}b\u{e0041}", "\\", " =1", -5]),
            json!({}),
        ] {
            let cell = Cell::Json(value.clone());
            let cell = cell.csv();
            assert_eq!(serde_json::from_str::<serde_json::Value>(&cell).ok(), Some(value), "{cell}");
            for attack in ["; =", ";=", " =", ";@", " -", "\u{202e}", "\u{e0041}"] {
                assert!(!cell.contains(attack), "{cell}");
            }
        }
        assert_eq!(Cell::Json(json!({ "user": "ada" })).csv(), r#"{"user":"ada"}"#);
        assert_eq!(Cell::Json(json!(-5)).csv(), "'-5");
        assert_eq!(Cell::Text("{=1".to_owned()).csv(), "{=1");
        assert_eq!(Cell::Text("=1".to_owned()).csv(), "'=1");
    }

    /// The characters that this module and the export look for are those that the library protects a cell from.
    #[test]
    fn the_signs_are_those_of_the_library() {
        for character in '\0'..=char::MAX {
            let is_quote = matches!(character, '"' | '\'');
            let is_escaped = escape_cell(&character.to_string()).starts_with('\'');
            assert_eq!(is_escaped, is_formula(character) || is_quote, "{character:?}");
            let splits = escape_cell(&format!("a{character}=")).ends_with(&format!("{character}'="));
            assert_eq!(splits, is_separator(character), "{character:?}");
        }
    }

    /// A table has all rows or none.
    #[test]
    fn a_table_with_too_many_rows_is_refused() {
        let row = |number: u64| vec![Cell::from(number)];
        for rows in [0, 2, 3] {
            assert_eq!(all_of(0..rows, row, 3).unwrap().len(), usize::try_from(rows).unwrap());
        }
        let Err(CliError::InvalidInput(error)) = all_of(0..4, row, 3) else { panic!("it is not refused") };
        assert_eq!(error, "there are more than 3 rows: choose `--csv` or `--json`, or limit what is listed");
    }

    /// Rows that are made on several threads are written like those of one, in the same order.
    #[test]
    fn many_rows_are_written_like_a_few() {
        let columns = ["number", "text"];
        let row = |number: u64| vec![Cell::from(number), Cell::from(format!("=a, \"{number}\""))];
        let most = u64::try_from(AT_ONCE).unwrap() * 5;
        for rows in [0, 1, 2, most - 1, most, most + 1] {
            let written = |form| {
                let mut out = Vec::new();
                write_many(&mut out, form, &columns, 0..rows, row).unwrap();
                String::from_utf8(out).unwrap()
            };
            let mut csv = Vec::new();
            write_csv(&mut csv, &columns, (0..rows).map(row)).unwrap();
            assert_eq!(written(Form::Csv).as_bytes(), csv);
            let mut json = Vec::new();
            write_json(&mut json, &columns, (0..rows).map(row)).unwrap();
            assert_eq!(written(Form::Json).as_bytes(), json);
            let read: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
            assert!(read.iter().map(|row| row["number"].as_u64().unwrap()).eq(0..rows));
        }
    }
}
