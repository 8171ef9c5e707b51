//! Explanations as text.

use alloc::string::String;
use core::fmt;

use super::{ContributingGrant, Cut, CutBy, Explanation, Holding, Need, Through};
use crate::authorize::PrincipalName;
use crate::directory::Grantee;

/// A list of names with a separator; an empty list is written as `nothing`.
struct Listed<'a>(&'a [String], &'static str);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (place, name) in self.0.iter().enumerate() {
            let before = if place == 0 { "" } else { self.1 };
            write!(f, "{before}{name}")?;
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

impl fmt::Display for Explanation {
    /// Writes several lines, without a final line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.who.as_deref().unwrap_or("an unknown principal");
        let on = self.on.as_deref().unwrap_or("an unknown resource");
        write!(f, "{who}, {} on {on}: {} ({})", all(&self.asked), self.decision, self.code())?;
        if let Some(actor) = &self.actor {
            let profile = actor.profile.as_deref().unwrap_or("no profile");
            write!(f, "\n  {} is {} and holds {profile}", actor.user, actor.status.as_str())?;
        }
        for grant in &self.grants {
            write!(f, "\n  granted to {} on {}: {grant}", grant.to, grant.on)?;
        }
        if let Some(owner) = &self.ownership {
            write!(f, "\n  granted to the owner: {}", all(owner))?;
        }
        for cut in &self.cuts {
            write!(f, "\n  {cut}")?;
        }
        if self.actor.is_some() && (!self.grants.is_empty() || self.ownership.is_some()) {
            write!(f, "\n  total granted: {}", all(&self.granted))?;
            write!(f, "\n  total allowed: {}", all(&self.allowed))?;
        }
        for need in &self.needs {
            write!(f, "\n  needed: {need}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ContributingGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, permission) in self.permissions.iter().enumerate() {
            let before = if place == 0 { "" } else { ", " };
            let implied = if self.implied.contains(permission) { " (implied)" } else { "" };
            write!(f, "{before}{permission}{implied}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advisory = matches!(self.by, CutBy::Profile { advisory: true, .. });
        let verb = if advisory { "would remove" } else { "removes" };
        write!(f, "{}: {verb} {}", self.by, all(&self.takes))
    }
}

impl fmt::Display for CutBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope { key, leaves } => write!(f, "the scope of key {key} allows {}", all(leaves)),
            Self::Status(status) => write!(f, "the user is {}", status.as_str()),
            Self::KeyExpired { key } => write!(f, "key {key} has expired"),
            Self::NoSeat => f.write_str("the user holds no profile"),
            Self::Phase { phase, leaves } => {
                write!(f, "the license is {} and allows {}", phase.as_str(), all(leaves))
            }
            Self::Profile { profile, leaves, advisory } => {
                let kind = if *advisory { "advisory profile" } else { "profile" };
                write!(f, "{kind} {profile} allows {}", all(leaves))
            }
            Self::AddOn { add_on } => write!(f, "the license lacks add-on {add_on}"),
            Self::Credential => f.write_str("the user has recorded no credential"),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("the request must name at least one permission"),
            Self::Principal { who: Some(who) } => match who.parse::<PrincipalName>() {
                Ok(_) => write!(f, "{who} does not exist"),
                Err(error) => write!(f, "{error}"),
            },
            Self::Principal { who: None } => f.write_str("the principal does not exist or was removed"),
            Self::Active { user, status } => write!(f, "{user} must be active, but is {}", status.as_str()),
            Self::Key { key } => write!(f, "key {key} has expired"),
            Self::Resource { on: Some(on) } if on.contains('/') => write!(f, "resource {on} does not exist"),
            Self::Resource { on: Some(on) } => {
                write!(
                    f,
                    "resource {on} does not exist; a resource is `KIND/KEY`, or the kind of a singleton"
                )
            }
            Self::Resource { on: None } => f.write_str("the resource does not exist or was removed"),
            Self::Kind { kind, permissions } => {
                write!(f, "kind {kind} has no permission {}", any(permissions))
            }
            Self::Grant { user, on, permissions, has, groups_with } => {
                write!(f, "no group of {user} has {} on {on}", any(permissions))?;
                holdings(f, user, has)?;
                groups_that_have(f, groups_with)
            }
            Self::Scope { key, on, permissions } => {
                write!(f, "the scope of key {key} does not include {} on {on}", all(permissions))
            }
            Self::Seat { user, wants, waits } => seat(f, user, wants.as_deref(), *waits),
            Self::License { phase, permissions } => {
                write!(f, "the license is {}, which removes {}", phase.as_str(), all(permissions))
            }
            Self::Profile { profile, kind, permissions, profiles_with } => {
                write!(f, "profile {profile} does not include {} on {kind}", all(permissions))?;
                if profiles_with.is_empty() { Ok(()) } else { write!(f, "; {} would", any(profiles_with)) }
            }
            Self::AddOn { add_on, permissions } => {
                write!(f, "{} needs add-on {add_on}, which the license lacks", all(permissions))
            }
            Self::Credential { user, on, permissions } => {
                write!(f, "{} needs a credential for {on}, and {user} has recorded none", all(permissions))
            }
        }
    }
}

/// Writes `; data-team has read, everyone has list`.
fn holdings(f: &mut fmt::Formatter<'_>, user: &str, has: &[Holding]) -> fmt::Result {
    if has.is_empty() {
        return write!(f, ", and neither {user} nor everyone has it");
    }
    for (place, holding) in has.iter().enumerate() {
        f.write_str(if place == 0 { "; " } else { ", " })?;
        match &holding.through {
            Through::Grants(Grantee::Everyone) => f.write_str("everyone has ")?,
            Through::Grants(Grantee::Group(name) | Grantee::User(name)) => write!(f, "{name} has ")?,
            Through::Ownership => f.write_str("the owner has ")?,
        }
        write!(f, "{}", Listed(&holding.permissions, " and "))?;
    }
    Ok(())
}

fn groups_that_have(f: &mut fmt::Formatter<'_>, groups: &[String]) -> fmt::Result {
    match groups {
        [] => Ok(()),
        [group] => write!(f, "; group {group} has it"),
        groups => write!(f, "; groups {} have it", Listed(groups, " and ")),
    }
}

fn seat(f: &mut fmt::Formatter<'_>, user: &str, wanted: Option<&str>, waits: bool) -> fmt::Result {
    write!(f, "{user} holds no profile")?;
    match wanted {
        Some(profile) if waits => write!(f, " and waits for {profile}"),
        Some(profile) => write!(f, " and wants {profile}"),
        None => Ok(()),
    }
}

/// The single-line form of an explanation.
struct Why<'a>(&'a Explanation);

impl Explanation {
    /// Returns the grants, the ownership and the effective cuts in a single line, as in an access review.
    ///
    /// Permissions that others of the same grant imply are omitted.
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
    ///     "user:ada on project/churn: write; but profile reader allows read: removes write",
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
        let mut between = "";
        for grant in &self.0.grants {
            write!(f, "{between}{} on {}: ", grant.to, grant.on)?;
            let named = grant.permissions.iter().filter(|name| !grant.implied.contains(name));
            for (place, name) in named.enumerate() {
                write!(f, "{}{name}", if place == 0 { "" } else { ", " })?;
            }
            between = "; ";
        }
        if let Some(owner) = &self.0.ownership {
            write!(f, "{between}owner: {}", all(owner))?;
            between = "; ";
        }
        for cut in self.0.cuts.iter().filter(|cut| !cut.takes.is_empty()) {
            write!(f, "{between}but {cut}")?;
            between = "; ";
        }
        Ok(())
    }
}
