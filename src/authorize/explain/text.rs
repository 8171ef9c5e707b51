//! Explanations as text.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use super::{
    ContributingGrant, Cut, CutBy, Explanation, Holding, MembershipPath, Need, RoleWithout, Through,
};
use crate::authorize::PrincipalName;
use crate::catalog::Entries;
use crate::time::Timestamp;
use crate::visible::Visible;

/// A list of names in backticks with a separator; an empty list is written as "nothing".
struct Listed<'a>(&'a [String], &'static str);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (place, name) in self.0.iter().enumerate() {
            let before = if place == 0 { "" } else { self.1 };
            write!(f, "{before}`{name}`")?;
        }
        Ok(())
    }
}

fn all(names: &[String]) -> Listed<'_> {
    Listed(names, ", ")
}

fn any(names: &[String]) -> Listed<'_> {
    Listed(names, " or ")
}

/// The most lines of one sort in the short form.
const SHOWN: usize = 3;

impl fmt::Display for Explanation {
    /// Writes the answer in a few lines, without a final line break: what grants the requested permissions, what removes
    /// them, and what a denied request lacks. [`in_full`](Explanation::in_full) writes everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        self.write_answer(f)?;
        let giving = self.grants.iter().filter(|grant| !grant.gives.is_empty());
        for grant in giving.clone().take(SHOWN) {
            let gives = Until { names: &grant.gives, implied: &[], ends: &grant.ends };
            write!(f, "\n  granted to {}: {gives}{}", self.place_of(grant), Along(&grant.way))?;
        }
        let more = giving.count().saturating_sub(SHOWN);
        if more > 0 {
            write!(f, "\n  further grants, not shown: {more}")?;
        }
        let owned = self.asked_of(self.ownership.as_deref().unwrap_or_default());
        if !owned.is_empty() {
            write!(f, "\n  granted to the owner: {}", all(&owned))?;
        }
        for owned in &self.passed_ownership {
            let gives = self.asked_of(&owned.passes);
            if !gives.is_empty() {
                write!(
                    f,
                    "\n  granted to the owner of `{}`: {}{}",
                    owned.on,
                    all(&gives),
                    Along(&owned.way)
                )?;
            }
        }
        for cut in &self.cuts {
            let taken = self.asked_of(&cut.takes);
            if !taken.is_empty() {
                write!(f, "\n  {}: {} {}", Cause(&cut.by), cut.verb(), all(&taken))?;
            }
        }
        self.write_needs(f)
    }
}

/// The long form of an explanation.
struct InFull<'a>(&'a Explanation);

impl Explanation {
    /// Returns everything in lines: the user, all grants and limits with all of their permissions, and the totals.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let explanation = directory.explain_by_name("user:ada", "project/churn", &["read"]);
    /// let expected = "\
    /// `user:ada`, `read` on `project/churn`: allowed (allowed)
    ///   `ada` is active and holds `reader`
    ///   granted to `user:ada` on `project/churn`: `write`, `read` (implied)
    ///   profile `reader` allows `read`: removes `write`
    ///   total granted: `write`, `read`
    ///   total allowed: `read`";
    /// assert_eq!(explanation.in_full().to_string(), expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn in_full(&self) -> impl fmt::Display + '_ {
        InFull(self)
    }

    fn write_answer(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        let quoted = |name: Option<&str>, unknown: &str| {
            name.map_or_else(|| unknown.to_owned(), |name| format!("`{name}`"))
        };
        let who = quoted(self.who.as_deref(), "an unknown principal");
        let on = quoted(self.on.as_deref(), "an unknown resource");
        write!(f, "{who}, {} on {on}: {} ({})", all(&self.asked), self.decision, self.code())
    }

    fn write_needs(&self, f: &mut Visible<'_, '_>) -> fmt::Result {
        self.needs.iter().try_for_each(|need| write!(f, "\n  needed: {need}"))
    }

    fn place_of<'a>(&'a self, grant: &'a ContributingGrant) -> PlaceOf<'a> {
        PlaceOf { user: self.acting_user.as_ref().map_or("", |acting| &acting.user), grant }
    }

    /// Returns those of the permissions that were requested.
    fn asked_of(&self, permissions: &[String]) -> Vec<String> {
        permissions.iter().filter(|name| self.asked.contains(name)).cloned().collect()
    }
}

impl fmt::Display for InFull<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        let explanation = self.0;
        explanation.write_answer(f)?;
        if let Some(acting) = &explanation.acting_user {
            write!(f, "\n  `{}` is {} and holds ", acting.user, acting.status)?;
            match &acting.profile {
                Some(profile) => write!(f, "`{profile}`")?,
                None => f.write_str("no profile")?,
            }
            if !acting.offered {
                f.write_str(", which the license no longer offers")?;
            }
        }
        for grant in &explanation.grants {
            write!(f, "\n  granted to {}: {grant}", explanation.place_of(grant))?;
        }
        if let Some(owner) = &explanation.ownership {
            write!(f, "\n  granted to the owner: {}", all(owner))?;
        }
        for owned in &explanation.passed_ownership {
            write!(f, "\n  granted to the owner of `{}`: {}", owned.on, all(&owned.permissions))?;
            write!(f, "; passes {}{}", all(&owned.passes), Along(&owned.way))?;
        }
        for cut in explanation.cuts.iter().filter(|cut| !cut.takes.is_empty()) {
            write!(f, "\n  {cut}")?;
        }
        let granted_nothing = explanation.grants.is_empty()
            && explanation.ownership.is_none()
            && explanation.passed_ownership.is_empty();
        if explanation.acting_user.is_some() && !granted_nothing {
            let total = |names| Until { names, implied: &[], ends: &explanation.ends };
            write!(f, "\n  total granted: {}", total(&explanation.granted))?;
            write!(f, "\n  total allowed: {}", total(&explanation.allowed))?;
        }
        explanation.write_needs(f)
    }
}

impl Cut {
    fn verb(&self) -> &'static str {
        let advisory = matches!(self.by, CutBy::Profile { advisory: true, .. });
        if advisory { "would remove" } else { "removes" }
    }
}

/// The cause of a cut, without what it allows.
struct Cause<'a>(&'a CutBy);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        match self.0 {
            CutBy::Scope { key, .. } => write!(f, "the scope of key `{key}`"),
            CutBy::Phase { phase, .. } => write!(f, "the license is {phase}"),
            CutBy::Profile { profile, advisory: true, .. } => write!(f, "advisory profile `{profile}`"),
            CutBy::Profile { profile, .. } => write!(f, "profile `{profile}`"),
            other => write!(f, "{other}"),
        }
    }
}

impl fmt::Display for ContributingGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        let Self { permissions: names, implied, ends, .. } = self;
        if self.way.is_empty() {
            return write!(f, "{}", Until { names, implied, ends });
        }
        write!(f, "{}", Until { names, implied, ends: &Entries::default() })?;
        let passes = Until { names: &self.passes, implied: &[], ends };
        write!(f, "; passes {passes}{}", Along(&self.way))
    }
}

/// The way down from a place, if there is one: ", through `folder/team` → `project/churn`".
struct Along<'a>(&'a [String]);

impl fmt::Display for Along<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.0.iter().enumerate() {
            let before = if place == 0 { ", through " } else { " → " };
            write!(f, "{before}`{name}`")?;
        }
        Ok(())
    }
}

/// Names in backticks, each with what is to be said of it: "`write` (implied, until 2026-01-01 12:00:00 UTC)".
struct Until<'a> {
    names: &'a [String],
    implied: &'a [String],
    ends: &'a Entries<Timestamp>,
}

impl fmt::Display for Until<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() {
            return f.write_str("nothing");
        }
        for (place, name) in self.names.iter().enumerate() {
            write!(f, "{}`{name}`", if place == 0 { "" } else { ", " })?;
            match (self.implied.contains(name), self.ends.get(name)) {
                (true, Some(until)) => write!(f, " (implied, until {until})")?,
                (true, None) => f.write_str(" (implied)")?,
                (false, Some(until)) => write!(f, " (until {until})")?,
                (false, None) => {}
            }
        }
        Ok(())
    }
}

impl fmt::Display for MembershipPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        for (place, group) in self.groups.iter().enumerate() {
            write!(f, "{}in `{group}`", if place == 0 { "" } else { ", " })?;
            if place == 0
                && let Some(until) = self.until
            {
                write!(f, " until {until}")?;
            }
        }
        Ok(())
    }
}

/// The grantee and the target of a grant, with the user's way into the group and the role, if there is something to say.
struct PlaceOf<'a> {
    user: &'a str,
    grant: &'a ContributingGrant,
}

impl fmt::Display for PlaceOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, grant } = self;
        write!(f, "`{}`", grant.to)?;
        if let Some(path) = grant.membership.as_ref().filter(|path| !path.is_direct() || path.until.is_some())
        {
            write!(f, " (`{user}`, {path})")?;
        }
        write!(f, " on `{}`", grant.on)?;
        grant.role.as_ref().map_or(Ok(()), |role| write!(f, " by role `{role}`"))
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        write!(f, "{}: {} {}", self.by, self.verb(), all(&self.takes))
    }
}

impl fmt::Display for CutBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        match self {
            Self::Closed { resource } => write!(f, "`{resource}` is closed"),
            Self::Scope { key, leaves } => write!(f, "the scope of key `{key}` allows {}", all(leaves)),
            Self::Status(status) => write!(f, "the user is {status}"),
            Self::KeyExpired { key } => write!(f, "key `{key}` has expired"),
            Self::NoSeat => f.write_str("the user holds no profile"),
            Self::Phase { phase, leaves } => {
                write!(f, "the license is {phase} and allows {}", all(leaves))
            }
            Self::Profile { profile, leaves, advisory } => {
                let kind = if *advisory { "advisory profile" } else { "profile" };
                write!(f, "{kind} `{profile}` allows {}", all(leaves))
            }
            Self::AddOn { add_on } => write!(f, "the license lacks add-on `{add_on}`"),
            Self::Credential => f.write_str("the user has recorded no credential"),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        match self {
            Self::Request => f.write_str("the request must name at least one permission"),
            Self::Principal { who: Some(who) } => match who.parse::<PrincipalName>() {
                Ok(_) => write!(f, "`{who}` does not exist"),
                Err(error) => write!(f, "{error}"),
            },
            Self::Principal { who: None } => f.write_str("the principal does not exist or was removed"),
            Self::Active { user, status } => write!(f, "`{user}` must be active, but is {status}"),
            Self::Key { key } => write!(f, "key `{key}` has expired"),
            Self::Resource { on: Some(on) } if on.contains('/') => {
                write!(f, "resource `{on}` does not exist")
            }
            Self::Resource { on: Some(on) } => {
                write!(
                    f,
                    "resource `{on}` does not exist; a resource is `KIND/KEY`, or the kind of a singleton"
                )
            }
            Self::Resource { on: None } => f.write_str("the resource does not exist or was removed"),
            Self::Kind { kind, permissions } => {
                write!(f, "kind `{kind}` has no permission {}", any(permissions))
            }
            Self::Grant { user, on, permissions, has, groups_with, places_with, closed, roles_without } => {
                write!(f, "no group of `{user}` has {} on `{on}`", any(permissions))?;
                holdings(f, user, has)?;
                groups_that_have(f, groups_with)?;
                grants_that_would_do(f, places_with)?;
                if let Some(closed) = closed {
                    write!(f, "; `{closed}` is closed to what is granted above it")?;
                }
                roles_without.iter().try_for_each(|role| write!(f, "; {role}"))
            }
            Self::Scope { key, on, permissions } => {
                write!(f, "the scope of key `{key}` does not include {} on `{on}`", all(permissions))
            }
            Self::Seat { user, wants, waits, offered } => {
                seat(f, user, wants.as_deref(), *waits)?;
                f.write_str(if *offered { "" } else { ", which the license does not offer" })
            }
            Self::License { phase, permissions } => {
                write!(f, "the license is {phase}, which removes {}", all(permissions))
            }
            Self::Profile { profile, kind, permissions, profiles_with } => {
                write!(f, "profile `{profile}` does not include {} on `{kind}`", all(permissions))?;
                if profiles_with.is_empty() { Ok(()) } else { write!(f, "; {} would", any(profiles_with)) }
            }
            Self::AddOn { add_on, permissions } => {
                write!(f, "the license lacks add-on `{add_on}`, which gates {}", all(permissions))
            }
            Self::Credential { user, on, permissions } => {
                write!(f, "`{user}` has recorded no credential for `{on}`, required for {}", all(permissions))
            }
        }
    }
}

impl fmt::Display for RoleWithout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        let Self { role, on, kind } = self;
        write!(f, "role `{role}`, given on `{on}`, gives nothing on `{kind}`")
    }
}

/// Writes "; `group:data-team` has `read`, `everyone` has `list`".
fn holdings(f: &mut Visible<'_, '_>, user: &str, has: &[Holding]) -> fmt::Result {
    if has.is_empty() {
        return write!(f, "; there are no grants there to `user:{user}` or to `everyone`");
    }
    for (place, holding) in has.iter().enumerate() {
        f.write_str(if place == 0 { "; " } else { ", " })?;
        match &holding.through {
            Through::Grants(grantee) => write!(f, "`{grantee}` has ")?,
            Through::Ownership => f.write_str("the owner has ")?,
            Through::OwnershipOf(on) => write!(f, "the owner of `{on}` has ")?,
        }
        write!(f, "{}", Listed(&holding.permissions, " and "))?;
    }
    Ok(())
}

fn groups_that_have(f: &mut Visible<'_, '_>, groups: &[String]) -> fmt::Result {
    match groups {
        [] => Ok(()),
        [group] => write!(f, "; group `{group}` has it"),
        groups => write!(f, "; groups {} have it", Listed(groups, " and ")),
    }
}

/// Writes "; a grant of `admin` on `instance` or of `read` on `folder/team` would do too".
fn grants_that_would_do(f: &mut Visible<'_, '_>, places: &Entries<Vec<String>>) -> fmt::Result {
    for (index, (place, permissions)) in places.iter().enumerate() {
        f.write_str(if index == 0 { "; a grant " } else { " or " })?;
        write!(f, "of {} on `{place}`", Listed(permissions, " and "))?;
    }
    f.write_str(if places.is_empty() { "" } else { " would do too" })
}

fn seat(f: &mut Visible<'_, '_>, user: &str, wanted: Option<&str>, waits: bool) -> fmt::Result {
    write!(f, "`{user}` holds no profile")?;
    match wanted {
        Some(profile) if waits => write!(f, " and waits for `{profile}`"),
        Some(profile) => write!(f, " and wants `{profile}`"),
        None => Ok(()),
    }
}

/// The single-line form of an explanation.
struct Why<'a>(&'a Explanation);

impl Explanation {
    /// Returns the grants, the ownership and the effective cuts in a single line, as in an access review, and of a denial
    /// what is needed besides.
    ///
    /// Permissions that others of the same grant imply are omitted. Of a grant on a place above, the line has what passes.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let explanation = directory.explain_by_name("user:ada", "project/churn", &["write"]);
    /// assert_eq!(
    ///     explanation.why().to_string(),
    ///     "`user:ada` on `project/churn`: `write`; but profile `reader` allows `read`: removes `write`",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn why(&self) -> impl fmt::Display + '_ {
        Why(self)
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Visible(f);
        let mut between = "";
        for grant in &self.0.grants {
            let names = if grant.way.is_empty() {
                without(&grant.permissions, &grant.implied)
            } else {
                without(&grant.passes, &grant.passes_implied)
            };
            let names = Until { names: &names, implied: &[], ends: &grant.ends };
            write!(f, "{between}{}: {names}{}", self.0.place_of(grant), Along(&grant.way))?;
            between = "; ";
        }
        if let Some(owner) = &self.0.ownership {
            write!(f, "{between}owner: {}", all(owner))?;
            between = "; ";
        }
        for owned in &self.0.passed_ownership {
            let passes = without(&owned.passes, &owned.passes_implied);
            write!(f, "{between}owner of `{}`: {}{}", owned.on, all(&passes), Along(&owned.way))?;
            between = "; ";
        }
        for cut in self.0.cuts.iter().filter(|cut| !cut.takes.is_empty()) {
            write!(f, "{between}but {cut}")?;
            between = "; ";
        }
        for need in self.0.needs.iter().filter(|need| !self.is_told_by_a_cut(need)) {
            write!(f, "{between}needed: {need}")?;
            between = "; ";
        }
        Ok(())
    }
}

impl Why<'_> {
    /// Returns `true` if a cut that takes something requested says the same as a need.
    fn is_told_by_a_cut(&self, need: &Need) -> bool {
        self.0.cuts.iter().any(|cut| {
            let same = match (&cut.by, need) {
                (CutBy::AddOn { add_on }, Need::AddOn { add_on: needed, .. }) => add_on == needed,
                (CutBy::Status(_), Need::Active { .. })
                | (CutBy::KeyExpired { .. }, Need::Key { .. })
                | (CutBy::Scope { .. }, Need::Scope { .. })
                | (CutBy::NoSeat, Need::Seat { .. })
                | (CutBy::Phase { .. }, Need::License { .. })
                | (CutBy::Profile { .. }, Need::Profile { .. })
                | (CutBy::Credential, Need::Credential { .. }) => true,
                _ => false,
            };
            same && !self.0.asked_of(&cut.takes).is_empty()
        })
    }
}

fn without(names: &[String], implied: &[String]) -> Vec<String> {
    names.iter().filter(|name| !implied.contains(name)).cloned().collect()
}
