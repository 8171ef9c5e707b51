//! A directory from its content, each part checked against those before it.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::content::{KeyContent, Record, ResourceContent, ScopeContent, UserContent};
use super::edit::BulkIndex;
use super::named::{Applied, refuse_if};
use super::{Directory, Found, Grantee, GranteeId, Members, Membership, Scope, UserStatus, parse_resource};
use crate::catalog::{Catalog, KindId};
use crate::id::{ResourceId, UserId};
use crate::limits::{MAX_GROUPS, MAX_KEYS, MAX_RESOURCES, MAX_USERS};
use crate::name::Name;
use crate::seats::{License, Phase, SeatRow, Terms, Turn};
use crate::time::Timestamp;

/// A directory while it is being read back; whoever gives the records sees to their order.
#[derive(Debug)]
pub(crate) struct Restore {
    directory: Directory,
    gathered: BulkIndex,
    last_turn: u64,
    turns: BTreeSet<Turn>,
    /// The profiles whose books were read, one bit each.
    books: u64,
    /// The singletons that were described, one bit for each kind.
    singletons: u64,
}

impl Restore {
    pub(crate) fn new(catalog: Catalog) -> Self {
        let directory = Directory::new(catalog);
        Self {
            directory,
            gathered: BulkIndex::default(),
            last_turn: 0,
            turns: BTreeSet::new(),
            books: 0,
            singletons: 0,
        }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        self.directory.catalog()
    }

    /// Takes one part in; after an error nothing of the directory may be used.
    pub(crate) fn take_in(&mut self, record: &Record) -> Applied {
        // What follows the users may be a grant on a kind or a singleton, which reaches the members of a group.
        let reaches_members = self.gathered.lacks_members() && !matches!(record, Record::User(_));
        if reaches_members || self.gathered.is_full() {
            self.directory.write_gathered(&mut self.gathered);
        }
        match record {
            Record::Commits { revision, committed_at } => {
                self.directory.revision = *revision;
                self.directory.committed_at = *committed_at;
                self.directory.ledger.restore_clock(*committed_at);
                Ok(())
            }
            Record::License { license, phase } => self.license(license.clone(), *phase),
            Record::Book { profile, peak, peak_at, seat_ms } => self.book(profile, *peak, *peak_at, *seat_ms),
            Record::Queue { last_turn } => {
                self.last_turn = *last_turn;
                self.directory.ledger.restore_turns(*last_turn);
                Ok(())
            }
            Record::Group { group, members } => self.group(group, members),
            Record::User(content) => self.user(content),
            Record::KindGrant { kind, to, permissions } => self.kind_grant(kind, to, permissions),
            Record::Resource(content) => self.resource(content),
            Record::Key(content) => self.key(content),
            Record::Snapshot { .. } | Record::Catalog(_) | Record::End { .. } => Ok(()),
        }
    }

    /// The whole directory, if its parts agree with each other.
    pub(crate) fn finish(mut self) -> Result<Directory, String> {
        self.directory.write_gathered(&mut self.gathered);
        let directory = self.directory;
        for profile in directory.catalog.profiles() {
            let figures = directory.figures(profile);
            let low = figures.filter(|figures| figures.peak < figures.consumed);
            refuse_if(low.is_some(), || format!("the peak of `{profile}` is below what is consumed"))?;
        }
        Ok(directory)
    }

    fn now(&self) -> Timestamp {
        self.directory.committed_at
    }

    fn not_later(&self, what: &str, at: Timestamp) -> Applied {
        let now = self.now();
        refuse_if(at > now, || format!("`{what}` is {at}, which is after the last commit at {now}"))
    }

    fn license(&mut self, license: License, phase: Phase) -> Applied {
        let terms = Terms::new(license, &self.directory.catalog).map_err(|error| error.to_string())?;
        let now = self.now();
        let due = terms.phase(now);
        refuse_if(due != phase, || format!("the phase is `{}` at {now}", due.as_str()))?;
        self.directory.install_license(Arc::new(terms), now);
        Ok(())
    }

    fn book(&mut self, profile: &str, peak: u64, peak_at: Timestamp, seat_ms: u64) -> Applied {
        let id = self.directory.named_profile(profile)?;
        let bit = 1_u64 << id.get();
        refuse_if(self.books & bit != 0, || "the profile has a book already".to_owned())?;
        self.books |= bit;
        self.not_later("peak_at", peak_at)?;
        self.directory.ledger.restore_book(id, peak, peak_at, seat_ms);
        Ok(())
    }

    fn group(&mut self, group: &Name, members: &Members) -> Applied {
        self.directory.group_name_is_free(group)?;
        let full = self.directory.group_count() >= MAX_GROUPS;
        refuse_if(full, || format!("there are more than {MAX_GROUPS} groups"))?;
        let membership = self.directory.named_membership(members)?;
        self.directory.add_group(group, &membership, None);
        Ok(())
    }
}

// Users.

impl Restore {
    fn user(&mut self, content: &UserContent) -> Applied {
        self.directory.user_name_is_free(&content.user)?;
        let full = self.directory.user_count() >= MAX_USERS;
        refuse_if(full, || format!("there are more than {MAX_USERS} users"))?;
        let wants = content.wants.as_deref().map(|name| self.directory.named_profile(name)).transpose()?;
        let holds = self.directory.named_seat(content.holds.as_deref(), content.basis)?;
        let turn = self.turn(content.turn)?;
        let seat = SeatRow { wants, holds, turn, ..SeatRow::default() };
        self.directory.seat_makes_sense(content.status, &seat)?;
        self.not_later("since", content.since)?;
        self.invitation_makes_sense(content)?;

        let now = self.now();
        let id = self.directory.add_user(&content.user, content.source, content.status);
        if let Some(email) = &content.email {
            self.directory.set_email(id, email);
        }
        self.directory.set_expiry(id, content.expires_at);
        if wants.is_some() {
            self.directory.set_wanted(id, wants, now);
        }
        self.directory.set_held(id, holds, false, content.since);
        self.directory.change_seat(id, |seat| seat.turn = turn);
        self.memberships(id, content)
    }

    fn memberships(&mut self, id: UserId, content: &UserContent) -> Applied {
        if !content.external_groups.is_empty() {
            let mut names = content.external_groups.clone();
            names.sort_unstable();
            names.dedup();
            self.directory.set_external(id, &names);
        }
        let mut joined = Vec::with_capacity(content.groups.len());
        for group in &content.groups {
            let group_id = self.directory.named_group(group)?;
            let record = self.directory.group_record(group_id);
            let explicit = record.is_some_and(|group| group.membership == Membership::Explicit);
            refuse_if(!explicit, || format!("nobody is in `{group}` by command"))?;
            joined.push(group_id.index());
        }
        self.directory.gather_members(&mut self.gathered, id, joined);
        Ok(())
    }

    /// The turn, which was given out and is nobody else's.
    fn turn(&mut self, turn: Option<u64>) -> Result<Option<Turn>, String> {
        let Some(number) = turn else { return Ok(None) };
        let turn = Turn::new(number).filter(|turn| turn.get() <= self.last_turn);
        let turn = turn.ok_or_else(|| format!("the turn {number} was never given out"))?;
        refuse_if(!self.turns.insert(turn), || format!("the turn {number} is taken already"))?;
        Ok(Some(turn))
    }

    /// Only an open invitation has an end, and that is still to come.
    fn invitation_makes_sense(&self, content: &UserContent) -> Applied {
        let Some(at) = content.expires_at else { return Ok(()) };
        let open = content.status == UserStatus::Invited && at > self.now();
        refuse_if(!open, || format!("there is no invitation that is open until {at}"))
    }
}

// Resources, grants and keys.

impl Restore {
    fn kind_grant(&mut self, kind: &str, to: &Grantee, permissions: &[String]) -> Applied {
        let id = self.directory.named_kind(kind)?;
        let singleton = self.catalog().definition(id).is_some_and(crate::catalog::KindDefinition::singleton);
        refuse_if(singleton, || format!("`{kind}` is a singleton"))?;
        let grantee = self.directory.named_grantee(to)?;
        let mask = self.grant(id, to, permissions)?;
        let before = self.directory.grant_on_kind(grantee, id);
        refuse_if(before != 0, || format!("`{to}` is named twice"))?;
        self.directory.set_kind_grant(grantee, id, mask);
        Ok(())
    }

    fn grant(&self, kind: KindId, to: &Grantee, permissions: &[String]) -> Result<u64, String> {
        let mask = self.directory.named_grant(kind, permissions)?;
        refuse_if(mask == 0, || format!("`{to}` is granted nothing"))?;
        Ok(mask)
    }

    fn resource(&mut self, content: &ResourceContent) -> Applied {
        let id = self.place(&content.resource)?;
        let kind = self.directory.named_kind_of(id);
        for (to, permissions) in content.grants.iter() {
            let subject: Grantee = to.parse().map_err(|error: super::ParseNameError| error.to_string())?;
            let grantee: GranteeId = self.directory.named_grantee(&subject)?;
            let mask = self.grant(kind, &subject, permissions)?;
            let before = self.directory.grant_on_resource(grantee, id);
            refuse_if(before != 0, || format!("`{to}` is named twice"))?;
            self.directory.gather_grant(&mut self.gathered, grantee, id, mask);
        }
        let required = self.directory.named_permissions(kind, &content.required)?;
        if required != 0 {
            self.directory.set_required(id, required);
        }
        for user in &content.credentials {
            let user = self.directory.named_user(user)?;
            self.directory.set_credential(user, id, true);
        }
        let owner = content.owner.as_deref().map(|owner| self.directory.named_user(owner)).transpose()?;
        if let Some(owner) = owner {
            self.directory.gather_owner(&mut self.gathered, id, owner);
        }
        content.owner_groups.iter().try_for_each(|group| self.owner_group(id, owner, group))
    }

    /// The resource of a record: a new one, or a singleton, which is there already and described once.
    fn place(&mut self, text: &str) -> Result<ResourceId, String> {
        if let Found::Singleton(kind) = parse_resource(self.catalog(), text) {
            let bit = 1_u64 << kind.get();
            refuse_if(self.singletons & bit != 0, || format!("`{text}` is described twice"))?;
            self.singletons |= bit;
            return self.directory.named_resource(text);
        }
        let (kind, key) = self.directory.new_resource(text)?;
        let full = self.directory.resource_count() >= MAX_RESOURCES;
        refuse_if(full, || format!("there are more than {MAX_RESOURCES} resources"))?;
        Ok(self.directory.add_resource(kind, &key))
    }

    /// A group that includes the owner; the owner is in it (rule A10).
    fn owner_group(&mut self, resource: ResourceId, owner: Option<UserId>, group: &Name) -> Applied {
        let id = self.directory.named_group(group)?;
        let record = self.directory.group_record(id);
        let free = record.is_some_and(|group| {
            group.membership == Membership::Explicit && group.includes_owner_of.is_none()
        });
        refuse_if(!free, || format!("`{group}` cannot include the owner"))?;
        let outside = owner.is_some_and(|owner| !self.directory.is_member(owner.index(), id.index()));
        refuse_if(outside, || format!("the owner is not in `{group}`"))?;
        self.directory.include_owner(id, resource);
        Ok(())
    }

    fn key(&mut self, content: &KeyContent) -> Applied {
        self.directory.key_name_is_free(&content.key)?;
        let full = self.directory.keys.slots.live() >= MAX_KEYS;
        refuse_if(full, || format!("there are more than {MAX_KEYS} keys"))?;
        let acts_as = self.directory.named_user(&content.acts_as)?;
        let scope = match &content.scope {
            ScopeContent::All => Scope::All,
            ScopeContent::Entries(entries) => self.directory.named_scope(entries)?,
        };
        let now = self.now();
        let over = content.expires_at.is_some_and(|at| at <= now);
        refuse_if(over != content.expired, || format!("`expired` is not what it must be at {now}"))?;
        let id = self.directory.add_key(&content.key, acts_as, scope, content.expires_at);
        if over {
            self.directory.expire_key(id);
        }
        Ok(())
    }
}
