//! The report as CSV, for spreadsheets and billing.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::seats::{ProfileSeats, SeatReport};
use crate::visible::visible;

/// The figures of each profile as CSV, written by `Display`.
///
/// Created by [`SeatReport::profiles_csv`].
#[derive(Clone, Copy, Debug)]
pub struct ProfilesCsv<'a>(&'a SeatReport<'a>);

/// The users who hold or wait for a seat as CSV, written by `Display`.
///
/// Created by [`SeatReport::users_csv`].
#[derive(Clone, Copy, Debug)]
pub struct UsersCsv<'a>(&'a SeatReport<'a>);

impl SeatReport<'_> {
    /// Returns the figures as CSV: a header, and one row for each profile.
    ///
    /// The columns have the names of the figures (rule S11); `needs` is `counted` or `exempt`. Times are those of
    /// ISO 8601 in UTC, and seat time is in milliseconds. Nothing is rounded.
    ///
    /// ```
    /// # use entitle::{catalog::{Catalog, Profile}, Directory};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// let directory = Directory::new(catalog);
    /// let csv = directory.seat_report().profiles_csv().to_string();
    /// assert_eq!(csv.lines().next(), Some(
    ///     "profile,needs,offered,seats,extra,held,reserved,consumed,available,over,waiting,placed,peak,peak_at,seat_ms"
    /// ));
    /// assert_eq!(csv.lines().nth(1), Some("designer,counted,false,0,0,0,0,0,0,0,0,0,0,1970-01-01T00:00:00Z,0"));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn profiles_csv(&self) -> ProfilesCsv<'_> {
        ProfilesCsv(self)
    }

    /// Returns the users as CSV: a header, one row for each holder of a seat, and one for each user who waits without one.
    ///
    /// Names are quoted where CSV requires it, and passed through [`escape_cell`].
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let directory = Directory::new(catalog)
    /// #     .plan(Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader")))?
    /// #     .into_directory();
    /// let csv = directory.seat_report().users_csv().to_string();
    /// assert_eq!(csv.lines().count(), 2);
    /// assert!(csv.lines().nth(1).is_some_and(|row| row.contains("ada")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn users_csv(&self) -> UsersCsv<'_> {
        UsersCsv(self)
    }
}

impl fmt::Display for ProfilesCsv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "profile,needs,offered,seats,extra,held,reserved,consumed,available,over,waiting,placed,",
        )?;
        f.write_str("peak,peak_at,seat_ms\n")?;
        self.0.counted.iter().try_for_each(|profile| profile_row(f, profile, "counted"))?;
        self.0.exempt.iter().try_for_each(|profile| profile_row(f, profile, "exempt"))
    }
}

fn profile_row(f: &mut fmt::Formatter<'_>, of: &ProfileSeats<'_>, needs: &str) -> fmt::Result {
    let figures = &of.figures;
    write!(f, "{},{needs},{},{},{}", of.profile, of.offered, figures.seats, figures.extra)?;
    write!(f, ",{},{},{}", figures.held, figures.reserved, figures.consumed)?;
    write!(f, ",{},{},{},{}", figures.available, figures.over, figures.waiting, figures.placed)?;
    writeln!(f, ",{},{},{}", figures.peak, figures.peak_at.iso(), figures.seat_ms)
}

impl fmt::Display for UsersCsv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("user,wants,holds,state,basis,since,place\n")?;
        for of in self.0.counted.iter().chain(&self.0.exempt) {
            for holder in &of.holders {
                let wants = holder.wants.unwrap_or_default();
                let (state, basis) = (holder.state.as_str(), holder.basis.as_str());
                let since = holder.since.iso();
                write!(f, "{},{wants},{},{state},{basis},{since},", Field(holder.user), of.profile)?;
                match holder.place {
                    Some(place) => writeln!(f, "{place}")?,
                    None => writeln!(f)?,
                }
            }
        }
        for waits in self.0.queue.iter().filter(|waits| waits.holds.is_none()) {
            let (wants, since) = (waits.wants, waits.since.iso());
            writeln!(f, "{},{wants},,waiting,,{since},{}", Field(waits.user), waits.place)?;
        }
        Ok(())
    }
}

/// Writes every character that cannot be seen, or that changes the direction of text, as its number, such as `\u{202e}`.
///
/// Use it for names that are shown to people outside of CSV, where [`escape_cell`] does the same and more.
///
/// ```
/// use entitle::report::escape_hidden;
///
/// assert_eq!(escape_hidden("ada"), "ada");
/// assert_eq!(escape_hidden("a\u{202e}b"), "a\\u{202e}b");
/// ```
#[must_use]
pub fn escape_hidden(text: &str) -> Cow<'_, str> {
    visible(text)
}

/// Escapes the text of a CSV cell for spreadsheets and people.
///
/// Use it for names and notes that users chose; quoting is left to the CSV writer. Three things are changed:
///
/// - Characters that cannot be seen or that change the direction of text are written as numbers, such as `\u{202e}`.
/// - Spreadsheets evaluate cells that start with `=`, `+`, `-` or `@`, and in Japanese ones with the full-width forms. Such a
///   text gets a leading apostrophe.
/// - A spreadsheet may split cells at `;`, `|` or a space in place of the comma, within quotes too. Each part that it could
///   find gets an apostrophe, if it would be a formula or would begin with a quote.
///
/// ```
/// use entitle::report::escape_cell;
///
/// assert_eq!(escape_cell("=1+1"), "'=1+1");
/// assert_eq!(escape_cell("ada;=1+1"), "ada;'=1+1");
/// assert_eq!(escape_cell("ada"), "ada");
/// ```
#[must_use]
pub fn escape_cell(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    if !has_apostrophes(&text) {
        return text;
    }
    let mut starts_part = !text.is_empty();
    let mut escaped = String::new();
    for character in text.chars() {
        if starts_part && (is_formula(character) || is_quote(character)) {
            escaped.push('\'');
        }
        escaped.push(character);
        starts_part = SEPARATORS.contains(&character);
    }
    // The quote that ends the cell would begin the part after a last separator.
    if starts_part {
        escaped.push('\'');
    }
    escaped.into()
}

/// Returns `true` if an escaped cell has more characters than the text.
fn has_apostrophes(text: &str) -> bool {
    let mut starts_part = !text.is_empty();
    for character in text.chars() {
        if starts_part && (is_formula(character) || is_quote(character)) {
            return true;
        }
        starts_part = SEPARATORS.contains(&character);
    }
    starts_part
}

/// The characters at which spreadsheets split a line, after the marked ones.
const SEPARATORS: &[char] = &[',', ';', '|', ' '];

/// Returns `true` if a spreadsheet evaluates a cell that starts with the character.
const fn is_formula(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}

const fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'')
}

/// An escaped CSV field, quoted if it contains a separator or a quote.
pub(crate) struct Field<'a>(pub(crate) &'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = escape_cell(self.0);
        if !text.contains([',', ';', '|', '"']) {
            return f.write_str(&text);
        }
        write!(f, "\"{}\"", text.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn fields_are_quoted_where_needed() {
        assert_eq!(Field("ada").to_string(), "ada");
        assert_eq!(Field("Lovelace, Ada").to_string(), "\"Lovelace, Ada\"");
        assert_eq!(Field("a \"b\" c").to_string(), "\"a '\"\"b\"\" c\"");
        assert_eq!(Field("=a,b").to_string(), "\"'=a,b\"");
        assert_eq!(Field("a;b").to_string(), "\"a;b\"");
    }

    #[test]
    fn hidden_characters_are_marked_in_cells() {
        assert_eq!(escape_cell("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(escape_cell("\t=1"), "\\u{9}=1");
    }

    /// However a line is split, no part is a formula, and no quote begins one that swallows what follows.
    #[test]
    fn no_part_of_a_field_is_a_formula() {
        let attacks = [
            "=1", "a;=1", "a|@x", "a -1", "a;\"=1\"", "a;\"", "a;", "\"=1", "a,+1", "a;;=1", "a\t=1", "x;＝1",
        ];
        for attack in attacks {
            let line = alloc::format!("ada,{},free", Field(attack));
            for separator in [';', '|', '\t', ' '] {
                for part in line.split(separator).skip(1) {
                    let starts = part.chars().next();
                    assert!(
                        !starts.is_some_and(|c| is_formula(c) || c == '"'),
                        "{attack}: {line} at {separator:?}"
                    );
                }
            }
            assert!(!escape_cell(attack).starts_with(is_formula), "{attack}");
        }
    }
}
