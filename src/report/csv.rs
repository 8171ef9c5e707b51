//! The report as CSV, for spreadsheets and billing.

use alloc::borrow::Cow;
use alloc::format;
use core::fmt;

use super::seats::{ProfileSeats, SeatReport};

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
    /// The columns have the names of the figures (rule S11); `needs` is `counted` or `exempt`. Times are milliseconds since
    /// the Unix epoch, and seat time is in milliseconds. Nothing is rounded.
    ///
    /// ```
    /// # use entitle::{catalog::{Catalog, Profile}, Directory};
    /// # let catalog = Catalog::builder().profile(Profile::new("designer")).build()?;
    /// let directory = Directory::new(catalog);
    /// let csv = directory.seat_report().profiles_csv().to_string();
    /// assert_eq!(csv.lines().next(), Some(
    ///     "profile,needs,offered,seats,extra,held,reserved,consumed,available,over,waiting,placed,peak,peak_at,seat_ms"
    /// ));
    /// assert_eq!(csv.lines().nth(1), Some("designer,counted,false,0,0,0,0,0,0,0,0,0,0,0,0"));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn profiles_csv(&self) -> ProfilesCsv<'_> {
        ProfilesCsv(self)
    }

    /// Returns the users as CSV: a header, one row for each holder of a seat, and one for each user who waits without one.
    ///
    /// Names are quoted where CSV requires it, and passed through [`escape_formula`].
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
    writeln!(f, ",{},{},{}", figures.peak, figures.peak_at.as_millis(), figures.seat_ms)
}

impl fmt::Display for UsersCsv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("user,wants,holds,state,basis,since,place\n")?;
        for of in self.0.counted.iter().chain(&self.0.exempt) {
            for holder in &of.holders {
                let wants = holder.wants.unwrap_or_default();
                let (state, basis) = (holder.state.as_str(), holder.basis.as_str());
                let since = holder.since.as_millis();
                write!(f, "{},{wants},{},{state},{basis},{since},", Field(holder.user), of.profile)?;
                match holder.place {
                    Some(place) => writeln!(f, "{place}")?,
                    None => writeln!(f)?,
                }
            }
        }
        for waits in self.0.queue.iter().filter(|waits| waits.holds.is_none()) {
            let (wants, since) = (waits.wants, waits.since.as_millis());
            writeln!(f, "{},{wants},,waiting,,{since},{}", Field(waits.user), waits.place)?;
        }
        Ok(())
    }
}

/// Escapes a CSV cell that a spreadsheet would evaluate as a formula.
///
/// Spreadsheets evaluate cells that start with `=`, `+`, `-` or `@`, in some cases after a tab or a line break, and in
/// Japanese ones also with the full-width forms. A text that starts with any of these characters gets a leading
/// apostrophe. Use it for names and notes that users chose; quoting is left to the CSV writer.
///
/// ```
/// use entitle::report::escape_formula;
///
/// assert_eq!(escape_formula("=1+1"), "'=1+1");
/// assert_eq!(escape_formula("ada"), "ada");
/// ```
#[must_use]
pub fn escape_formula(text: &str) -> Cow<'_, str> {
    let formula = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if text.starts_with(formula) { format!("'{text}").into() } else { text.into() }
}

/// An escaped CSV field, quoted if it contains a separator, a quote or a line break.
struct Field<'a>(&'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = escape_formula(self.0);
        if !text.contains([',', '"', '\n', '\r']) {
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
        assert_eq!(Field("a \"b\" c").to_string(), "\"a \"\"b\"\" c\"");
        assert_eq!(Field("=a,b").to_string(), "\"'=a,b\"");
    }
}
