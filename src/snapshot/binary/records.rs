//! The records of the binary form.
//!
//! They are numbered by the order of their variants and fields, so a change of that order, also in the enumerations that
//! they contain, is another version of the form. What is named very often is a number: users, groups and resources by
//! slot, permissions by their place in the catalog, profiles and kinds by their rank, roles and external names by
//! their place in tables at the start.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use smallvec::{Array, SmallVec};

use crate::directory::{UserSource, UserStatus};
use crate::seats::{Basis, Phase};
use crate::time::Timestamp;

/// One record; the table of the [module](crate::snapshot) describes their fields.
#[derive(Serialize, Deserialize)]
pub(super) enum Stored<'a> {
    /// The catalog as JSON, in the form that its fingerprint is made of.
    Catalog(&'a str),
    /// The next name in the table of roles.
    RoleName(&'a str),
    /// The next name in the table of external names.
    ExternalName(&'a str),
    Commits {
        revision: u64,
        committed_at: Timestamp,
    },
    Ids {
        users: u32,
        groups: u32,
        resources: u32,
        keys: u32,
    },
    /// The license as JSON.
    License {
        license: &'a str,
        phase: Phase,
    },
    Scheduled {
        license: &'a str,
    },
    Book {
        profile: u8,
        peak: u64,
        peak_at: Timestamp,
        seat_ms: u64,
    },
    Queue {
        last_turn: u64,
        last_seat: u64,
    },
    Role {
        role: u32,
        permissions: List<[(u8, u64); 4]>,
    },
    Group {
        id: Id,
        group: &'a str,
        members: Members,
    },
    #[serde(borrow)]
    User(User<'a>),
    Nested {
        group: u32,
        outer: List<[u32; 4]>,
    },
    Managed {
        group: u32,
        managers: List<[Subject; 4]>,
    },
    KindGrant {
        kind: u8,
        grant: Grant,
    },
    #[serde(borrow)]
    Resource(Resource<'a>),
    Everywhere {
        to: Subject,
        roles: List<[GivenRole; 4]>,
    },
    #[serde(borrow)]
    Key(Key<'a>),
    End {
        records: u64,
    },
}

/// An id, counted from the one before of the same sort.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Id {
    /// The vacant slots between.
    gap: u32,
    /// The serial, counted from the next one.
    serial: i64,
}

/// The rule of a group.
#[derive(Serialize, Deserialize)]
pub(super) enum Members {
    Explicit,
    ByProfile(List<[u8; 8]>),
    External(List<[u32; 4]>),
}

#[derive(Serialize, Deserialize)]
pub(super) struct User<'a> {
    pub(super) id: Id,
    pub(super) name: &'a str,
    pub(super) source: UserSource,
    pub(super) status: UserStatus,
    pub(super) wants: Option<u8>,
    pub(super) seat: Option<Seat>,
    pub(super) turn: Option<u64>,
    /// The milliseconds from `since` to the last commit.
    pub(super) ago: u64,
    pub(super) groups: List<[u32; 16]>,
    #[serde(borrow)]
    pub(super) more: Option<UserMore<'a>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Seat {
    pub(super) profile: u8,
    pub(super) basis: Basis,
    /// How much the number is more than the next one after that of the seat before.
    pub(super) number: i64,
}

/// The fields that few users have.
#[derive(Serialize, Deserialize)]
pub(super) struct UserMore<'a> {
    pub(super) email: Option<&'a str>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) reason: Option<&'a str>,
    pub(super) external: List<[u32; 8]>,
    pub(super) group_ends: List<[(u32, Timestamp); 2]>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Resource<'a> {
    pub(super) id: Id,
    pub(super) kind: u8,
    pub(super) key: Option<&'a str>,
    pub(super) owner: Option<u32>,
    pub(super) parent: Option<u32>,
    pub(super) grants: List<[(Subject, u64); 8]>,
    pub(super) more: Option<ResourceMore>,
}

/// The fields that few resources have.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct ResourceMore {
    pub(super) closed: bool,
    pub(super) special_grants: List<[Grant; 1]>,
    pub(super) required: u64,
    pub(super) credentials: List<[u32; 4]>,
    pub(super) owner_groups: List<[u32; 4]>,
}

/// Everyone (0), or the slot of a group or a user.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Subject(pub(super) u64);

/// A grant with ends or roles; permissions by place.
#[derive(Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) to: Subject,
    pub(super) permissions: u64,
    pub(super) ending: List<[(Timestamp, u64); 2]>,
    pub(super) roles: List<[GivenRole; 2]>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct GivenRole {
    pub(super) role: u32,
    pub(super) expires_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Key<'a> {
    pub(super) id: Id,
    pub(super) name: &'a str,
    pub(super) acts_as: u32,
    pub(super) scope: Scope,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) expired: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Scope {
    All,
    Entries { kinds: List<[(u8, u64); 4]>, resources: List<[(u32, u64); 4]> },
}

/// The ids of one sort, in the order of their slots.
#[derive(Default)]
pub(super) struct Ids {
    next: u32,
    serial: u32,
}

impl Ids {
    pub(super) fn write(&mut self, index: u32, serial: u32) -> Id {
        let id = Id {
            gap: index.wrapping_sub(self.next),
            serial: i64::from(serial).wrapping_sub(i64::from(self.serial)).wrapping_sub(1),
        };
        (self.next, self.serial) = (index.wrapping_add(1), serial);
        id
    }

    /// The slot and the serial; `None` if one of them is too large.
    pub(super) fn read(&mut self, id: Id) -> Option<(u32, u32)> {
        let index = self.next.checked_add(id.gap)?;
        let serial = i64::from(self.serial).checked_add(1)?.checked_add(id.serial)?;
        let serial = u32::try_from(serial).ok()?;
        (self.next, self.serial) = (index.checked_add(1)?, serial);
        Some((index, serial))
    }
}

/// A list that grows by what is there: its length alone reserves nothing.
pub(super) struct List<A: Array>(pub(super) SmallVec<A>);

impl<A: Array> Default for List<A> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<A: Array> FromIterator<A::Item> for List<A> {
    fn from_iter<I: IntoIterator<Item = A::Item>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<A: Array<Item: Serialize>> Serialize for List<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, A: Array<Item: Deserialize<'de>>> Deserialize<'de> for List<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<A>(PhantomData<A>);

        impl<'de, A: Array<Item: Deserialize<'de>>> Visitor<'de> for Items<A> {
            type Value = List<A>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<List<A>, S::Error> {
                let mut items = SmallVec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_seq(Items(PhantomData))
    }
}
