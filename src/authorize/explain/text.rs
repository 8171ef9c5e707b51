//! Explanations in words.

use alloc::string::String;
use core::fmt;

use super::{ContributingGrant, Cut, CutBy, Explanation, Holding, Need, Through};
use crate::directory::Grantee;

/// Names in a list, with a word for an empty one.
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
    /// Several lines, without an end of line behind the last one.
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
            write!(f, "\n  granted in all: {}", all(&self.granted))?;
            write!(f, "\n  allowed in all: {}", all(&self.allowed))?;
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
        let takes = if advisory { "would take" } else { "takes" };
        write!(f, "{}: {takes} {}", self.by, all(&self.takes))
    }
}

impl fmt::Display for CutBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope { key, leaves } => write!(f, "scope of key {key} leaves {}", all(leaves)),
            Self::Status(status) => write!(f, "the user is {}", status.as_str()),
            Self::KeyExpired { key } => write!(f, "key {key} has expired"),
            Self::NoSeat => f.write_str("no profile is held"),
            Self::Phase { phase, leaves } => {
                write!(f, "license is {} and leaves {}", phase.as_str(), all(leaves))
            }
            Self::Profile { profile, leaves, advisory } => {
                let kind = if *advisory { "advisory profile" } else { "profile" };
                write!(f, "{kind} {profile} leaves {}", all(leaves))
            }
            Self::AddOn { add_on } => write!(f, "add-on {add_on} is missing"),
            Self::Credential => f.write_str("no credential is recorded"),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("ask for at least one permission"),
            Self::Principal { who: Some(who) } => write!(f, "there is no {who}"),
            Self::Principal { who: None } => f.write_str("there is no such principal, or not any more"),
            Self::Active { user, status } => write!(f, "{user} is {} and must be active", status.as_str()),
            Self::Key { key } => write!(f, "key {key} has expired"),
            Self::Resource { on: Some(on) } => write!(f, "there is no resource {on}"),
            Self::Resource { on: None } => f.write_str("there is no such resource, or not any more"),
            Self::Kind { kind, permissions } => write!(f, "{kind} has no permission {}", any(permissions)),
            Self::Grant { user, on, permissions, has, groups_with } => {
                write!(f, "no group of {user} has {} on {on}", any(permissions))?;
                holdings(f, user, has)?;
                groups_that_have(f, groups_with)
            }
            Self::Scope { key, on, permissions } => {
                write!(f, "the scope of key {key} leaves out {} on {on}", all(permissions))
            }
            Self::SeatRow { user, wants, waits } => seat(f, user, wants.as_deref(), *waits),
            Self::License { phase, permissions } => {
                write!(f, "the license is {}, which cuts {}", phase.as_str(), all(permissions))
            }
            Self::Profile { profile, kind, permissions, profiles_with } => {
                write!(f, "profile {profile} does not include {} on {kind}", all(permissions))?;
                if profiles_with.is_empty() { Ok(()) } else { write!(f, "; {} would", any(profiles_with)) }
            }
            Self::AddOn { add_on, permissions } => {
                write!(f, "{} needs the add-on {add_on}, which the license lacks", all(permissions))
            }
            Self::Credential { user, on, permissions } => {
                write!(f, "{} needs a credential for {on}, and {user} has recorded none", all(permissions))
            }
        }
    }
}

/// `; data-team has read, everyone has list`.
fn holdings(f: &mut fmt::Formatter<'_>, user: &str, has: &[Holding]) -> fmt::Result {
    if has.is_empty() {
        return write!(f, ", and neither has {user} alone or everyone");
    }
    for (place, holding) in has.iter().enumerate() {
        f.write_str(if place == 0 { "; " } else { ", " })?;
        match &holding.through {
            Through::Grants(Grantee::Everyone) => f.write_str("everyone has ")?,
            Through::Grants(Grantee::Group(name) | Grantee::User(name)) => write!(f, "{name} has ")?,
            Through::Ownership => f.write_str("its owner has ")?,
        }
        write!(f, "{}", Listed(&holding.permissions, " and "))?;
    }
    Ok(())
}

fn groups_that_have(f: &mut fmt::Formatter<'_>, groups: &[String]) -> fmt::Result {
    match groups {
        [] => Ok(()),
        [group] => write!(f, "; the group {group} has it"),
        groups => write!(f, "; the groups {} have it", Listed(groups, " and ")),
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

/// An explanation in one line: what gives the permissions, and what takes some of them.
struct Why<'a>(&'a Explanation);

impl Explanation {
    /// The grants and ownership that give something here, and the cuts that take something of it, in one line.
    ///
    /// What is implied by the rest of a grant is left out. It is what an access review writes beside each row.
    ///
    /// See the example of [`Explanation`].
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
