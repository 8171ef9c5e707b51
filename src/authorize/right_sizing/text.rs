//! The advice as CSV and as tables for a terminal.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use super::{ProfileSizing, RightSizing, UserSizing};
use crate::report::{Field, Table, number};

/// The seats of each profile as CSV, written by `Display`.
///
/// Created by [`RightSizing::profiles_csv`].
#[derive(Clone, Copy, Debug)]
pub struct ProfileSizingCsv<'a>(&'a RightSizing<'a>);

/// The users for whom a lower profile is advised as CSV, written by `Display`.
///
/// Created by [`RightSizing::users_csv`].
#[derive(Clone, Copy, Debug)]
pub struct UserSizingCsv<'a>(&'a RightSizing<'a>);

impl RightSizing<'_> {
    /// Returns the profiles as CSV: a header, and one row for each profile. `needs` is `counted` or `exempt`.
    ///
    /// ```
    /// # use entitle::{Directory, catalog::{Catalog, Profile}};
    /// # let directory = Directory::new(Catalog::builder().profile(Profile::new("designer")).build()?);
    /// let csv = directory.right_sizing().profiles_csv().to_string();
    /// assert_eq!(csv, "profile,needs,consumed,frees,takes\ndesigner,counted,0,0,0\n");
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn profiles_csv(&self) -> ProfileSizingCsv<'_> {
        ProfileSizingCsv(self)
    }

    /// Returns the users as CSV: a header, and one row for each user for whom a lower profile is advised.
    ///
    /// Names are quoted where CSV requires it, and passed through [`escape_cell`](crate::report::escape_cell).
    ///
    /// ```
    /// # use entitle::{Directory, catalog::{Catalog, Profile}};
    /// # let directory = Directory::new(Catalog::builder().profile(Profile::new("designer")).build()?);
    /// let csv = directory.right_sizing().users_csv().to_string();
    /// assert_eq!(csv, "user,holds,state,advised\n");
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    #[must_use]
    pub fn users_csv(&self) -> UserSizingCsv<'_> {
        UserSizingCsv(self)
    }
}

impl ProfileSizing<'_> {
    fn needs(&self) -> &'static str {
        if self.counted { "counted" } else { "exempt" }
    }
}

impl fmt::Display for ProfileSizingCsv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("profile,needs,consumed,frees,takes\n")?;
        for of in &self.0.profiles {
            let profile = Field(of.profile);
            writeln!(f, "{profile},{},{},{},{}", of.needs(), of.consumed, of.frees, of.takes)?;
        }
        Ok(())
    }
}

impl fmt::Display for UserSizingCsv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("user,holds,state,advised\n")?;
        for UserSizing { user, holds, advised, state, .. } in &self.0.users {
            writeln!(f, "{},{},{state},{}", Field(user), Field(holds), Field(advised))?;
        }
        Ok(())
    }
}

impl fmt::Display for RightSizing<'_> {
    /// Writes the profiles, and the users for whom a lower one is advised.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "as of {}, revision {}; license: {}", self.at, self.revision, self.phase.as_str())?;
        if self.phase.cuts() {
            let phase = self.phase.as_str();
            writeln!(f, "the license is {phase}: what it denies now counts as not needed")?;
        }
        let mut profiles = Table::new(2, &["profile", "needs", "consumed", "frees", "takes"]);
        for of in &self.profiles {
            let mut cells: Vec<Cow<'_, str>> = Vec::from([of.profile.into(), of.needs().into()]);
            cells.extend([of.consumed, of.frees, of.takes].map(number));
            profiles.row(cells);
        }
        write!(f, "\nprofiles\n{profiles}")?;
        if self.users.is_empty() {
            return f.write_str("\na lower profile is enough for no user\n");
        }
        let mut users = Table::new(4, &["user", "holds", "state", "advised"]);
        for of in &self.users {
            users.row([of.user.into(), of.holds.into(), of.state.as_str().into(), of.advised.into()]);
        }
        write!(f, "\nusers for whom a lower profile is enough\n{users}")
    }
}
