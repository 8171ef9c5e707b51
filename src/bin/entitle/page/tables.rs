//! What the rows of a page have in common, each once: names, principals, sets of permissions and reasons.

use entitle::catalog::Catalog;
use entitle::directory::UserStatus;
use entitle::seats::SeatState;
use entitle::{Directory, KeyId, UserId};
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::reasons::{Given, Part};

/// A place in a table.
pub(super) type Index = usize;

/// The tables of a page while its rows are made.
pub(super) struct Tables<'a> {
    catalog: &'a Catalog,
    names: IndexSet<String>,
    principals: IndexMap<(PrincipalKind, Index), Principal>,
    /// The kind and the permissions of each set.
    sets: IndexSet<Vec<Index>>,
    parts: IndexSet<Part>,
    /// The parts of each reason.
    reasons: IndexSet<Vec<Index>>,
    /// The commits that gave something.
    given: IndexSet<Vec<Given>>,
}

/// The kind of a principal or grantee, written as its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PrincipalKind {
    User = 0,
    Group = 1,
    Key = 2,
    Everyone = 3,
}

/// What a page says of a user or key wherever it is named.
#[derive(Clone, Copy, Default)]
struct Principal {
    /// The status, if it is another than active.
    status: Option<UserStatus>,
    profile: Option<Index>,
    /// The state of the seat, if it is another than held.
    seat: Option<SeatState>,
    /// The user that a key acts as.
    acts_as: Option<Index>,
}

/// The tables as they are written.
#[derive(Serialize)]
pub(super) struct TablesJson<'a> {
    names: &'a IndexSet<String>,
    /// The rank of each name among all, by which rows are sorted.
    ranks: Vec<Index>,
    kinds: Vec<KindJson<'a>>,
    profiles: Vec<&'a str>,
    principals: PrincipalColumns,
    sets: &'a IndexSet<Vec<Index>>,
    parts: &'a IndexSet<Part>,
    reasons: &'a IndexSet<Vec<Index>>,
    given: &'a IndexSet<Vec<Given>>,
}

#[derive(Serialize)]
struct PrincipalColumns {
    kind: Vec<u8>,
    name: Vec<Index>,
    status: Vec<Option<UserStatus>>,
    profile: Vec<Option<Index>>,
    seat: Vec<Option<SeatState>>,
    acts_as: Vec<Option<Index>>,
}

#[derive(Serialize)]
struct KindJson<'a> {
    name: &'a str,
    permissions: Vec<&'a str>,
    /// For each permission, those that it implies by its own declaration.
    implies: Vec<Vec<Index>>,
}

impl<'a> Tables<'a> {
    pub(super) fn of(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            names: IndexSet::new(),
            principals: IndexMap::new(),
            sets: IndexSet::new(),
            parts: IndexSet::new(),
            reasons: IndexSet::new(),
            given: IndexSet::new(),
        }
    }

    pub(super) fn name(&mut self, name: &str) -> Index {
        self.names.get_index_of(name).unwrap_or_else(|| self.names.insert_full(name.to_owned()).0)
    }

    pub(super) fn profile(&self, name: &str) -> Option<Index> {
        self.catalog.profiles().position(|profile| profile == name)
    }

    /// Adds a set of permissions of the kind of a resource or whole kind.
    pub(super) fn set(&mut self, on: &str, permissions: &[String]) -> Index {
        let kind = on.split_once('/').map_or(on, |(kind, _)| kind);
        let mut set = vec![self.catalog.kinds().position(|name| name == kind).unwrap_or_default()];
        let named = self.catalog.permissions_of(kind).enumerate();
        set.extend(named.filter(|(_, name)| permissions.iter().any(|asked| asked == name)).map(|(at, _)| at));
        self.sets.insert_full(set).0
    }

    /// Adds a user, by id, with the seat.
    pub(super) fn user(&mut self, directory: &Directory, user: UserId) -> Index {
        let name = self.name(directory.user_name(user).unwrap_or_default());
        let key = (PrincipalKind::User, name);
        if let Some(index) = self.principals.get_index_of(&key) {
            return index;
        }
        let seat = directory.seat_of(user);
        let principal = Principal {
            status: directory.status_of(user).filter(|&status| status != UserStatus::Active),
            profile: seat.as_ref().and_then(|seat| seat.holds).and_then(|profile| self.profile(profile)),
            seat: seat.map(|seat| seat.state).filter(|&state| state != SeatState::Held),
            acts_as: None,
        };
        self.principals.insert_full(key, principal).0
    }

    /// Adds a key, by id, with the user that it acts as.
    pub(super) fn key(&mut self, directory: &Directory, key: KeyId) -> Index {
        let name = self.name(directory.key_name(key).unwrap_or_default());
        let acts_as = directory.user_of(key).map(|user| self.user(directory, user));
        let user = acts_as.and_then(|user| self.principals.get_index(user)).map(|(_, &user)| user);
        let principal = Principal { acts_as, ..user.unwrap_or_default() };
        self.principals.insert_full((PrincipalKind::Key, name), principal).0
    }

    /// Adds a grantee as written, such as `group:data`.
    pub(super) fn grantee(&mut self, directory: &Directory, to: &str) -> Index {
        let (kind, name) = match to.split_once(':') {
            Some(("user", name)) => match directory.user_by_name(name) {
                Some(user) => return self.user(directory, user),
                None => (PrincipalKind::User, name),
            },
            Some(("key", name)) => (PrincipalKind::Key, name),
            Some((_, name)) => (PrincipalKind::Group, name),
            None => (PrincipalKind::Everyone, to),
        };
        let key = (kind, self.name(name));
        self.principals
            .get_index_of(&key)
            .unwrap_or_else(|| self.principals.insert_full(key, Principal::default()).0)
    }

    /// Adds a reason.
    pub(super) fn reason(&mut self, parts: Vec<Part>) -> Index {
        let parts = parts.into_iter().map(|part| self.parts.insert_full(part).0).collect();
        self.reasons.insert_full(parts).0
    }

    pub(super) fn given(&mut self, commits: Vec<Given>) -> Index {
        self.given.insert_full(commits).0
    }

    pub(super) fn json(&self) -> TablesJson<'_> {
        TablesJson {
            names: &self.names,
            ranks: ranks(&self.names),
            kinds: self.catalog.kinds().map(|kind| self.kind(kind)).collect(),
            profiles: self.catalog.profiles().collect(),
            principals: self.principal_columns(),
            sets: &self.sets,
            parts: &self.parts,
            reasons: &self.reasons,
            given: &self.given,
        }
    }

    fn principal_columns(&self) -> PrincipalColumns {
        let all = &self.principals;
        PrincipalColumns {
            kind: all.keys().map(|&(kind, _)| kind as u8).collect(),
            name: all.keys().map(|&(_, name)| name).collect(),
            status: all.values().map(|of| of.status).collect(),
            profile: all.values().map(|of| of.profile).collect(),
            seat: all.values().map(|of| of.seat).collect(),
            acts_as: all.values().map(|of| of.acts_as).collect(),
        }
    }

    fn kind<'k>(&'k self, name: &'k str) -> KindJson<'k> {
        let permissions: Vec<&str> = self.catalog.permissions_of(name).collect();
        let declared = self.catalog.document().kinds.get(name).map(|kind| &kind.implies);
        let implied_by = |permission: &&str| {
            let implied = declared.and_then(|implies| implies.get(permission)).into_iter().flatten();
            implied.filter_map(|name| permissions.iter().position(|other| other == name)).collect()
        };
        KindJson { name, implies: permissions.iter().map(implied_by).collect(), permissions }
    }
}

/// Returns the rank of each name: without regard to case first, so that `Ada` is next to `ada`.
fn ranks(names: &IndexSet<String>) -> Vec<Index> {
    let mut sorted: Vec<(String, Index)> =
        names.iter().enumerate().map(|(index, name)| (name.to_lowercase(), index)).collect();
    sorted.sort();
    let mut ranked: Vec<(Index, Index)> =
        sorted.into_iter().enumerate().map(|(rank, (_, index))| (index, rank)).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, rank)| rank).collect()
}
