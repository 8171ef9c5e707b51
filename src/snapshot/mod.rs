//! The stored form of a whole directory: a stream of records.
//!
//! [`records`] returns the records of a directory one by one, and a [`Builder`] builds an equal directory from them.
//! Neither needs more memory than the directory itself. Records are serde data: a host writes them in any format, as
//! rows or as lines. With the feature `json`, `Directory::write_to` and
//! `Directory::read_from` use one JSON object a line and a checksum after the last. With the feature `binary`,
//! `Directory::write_binary_to` and `Directory::read_binary_from` use bytes: the [binary form](#binary-form) is an eighth as
//! long and is read faster.
//!
//! - Records refer by name, and each has the id of what it describes: ids are the same after reading (rule C7).
//! - The order is stable: equal directories give equal records, and equal bytes as lines.
//! - Reading checks everything before it returns a directory, and an error contains the place of the record.
//! - A stored directory is a shortcut, not the history: replaying the commits after its revision gives the same
//!   directory as replaying all commits.
//!
//! # Catalog
//!
//! The catalog is stored too, and [`Builder::new`] uses it. Hosts that declare theirs in code pass it to
//! [`Builder::with_catalog`], for two reasons. The numbering of permissions by a `bitflags` type is in the
//! program and not in the stored form; and a new release may declare more than the one that stored the
//! directory. Names that are not in the given catalog are errors, and grants are closed under its
//! implications.
//!
//! # Form
//!
//! Version 2. A record is an object with one key. They come in the order of this table, groups, users, resources and
//! keys each in the order of their slots, the lower half of the number that is their id; lists in them are sorted by
//! bytes, permissions by their place in the catalog. Fields in brackets are left out if they are null, empty or
//! false. Times are milliseconds since the Unix epoch.
//!
//! | record | how many | fields |
//! |---|---|---|
//! | `snapshot` | one | `version`: 2 |
//! | `catalog` | one | the catalog as it was declared, see [`CatalogDocument`](crate::catalog::CatalogDocument) |
//! | `commits` | one | `revision`: how many commits made the directory; `committed_at`: when the last one happened |
//! | `ids` | one | `users`, `groups`, `resources` and `keys`: how many were ever added of each, singletons left out |
//! | `license` | one, if one is installed | `license`: see [`License`](crate::License); `phase`: as of the last commit, `pending`, `active`, `grace` or `lapsed` |
//! | `scheduled` | one for each license that starts later, in the order in which they were installed | `license` |
//! | `book` | one for each profile, in rank order | `profile`; `peak` and `peak_at`: the most that was consumed since the license was installed, and when; `seat_ms`: seats times milliseconds since then |
//! | `queue` | one | `last_turn`: the last number assigned to a waiting user; `last_seat`: the last number assigned to a seat |
//! | `role` | one for each role that the catalog does not declare, sorted | `role`: the name; `permissions`: from kind to permissions, implied ones included |
//! | `group` | one for each group | `id`; `group`: the name; `members`: `"explicit"`, `{"by_profile": [..]}` or `{"external": [..]}` |
//! | `user` | one for each user | `id`; `user`: the name; `source`: `local`, `ldap`, `sso` or `custom`; `status`: `active`, `invited`, `expired` or `suspended`; `email`; `expires_at`: when the open invitation expires; `reason`: of the suspension; `wants` and `holds`: profiles; `basis`: how the seat was taken; `seat_number`: the order in which seats were taken; `turn`: the place in the queue; `since`: since when the user waits, or else since when the profile is held or not held; `external_groups`: external names of the last sync; `groups`: the explicit groups that the user joined; `group_ends`: from those with an end to that end |
//! | `nested` | one for each group that is in others | `group`; `in`: the groups that it is nested in |
//! | `managed` | one for each group with managers | `group`; `managers`: `everyone`, `group:NAME` or `user:NAME`, sorted |
//! | `kind_grant` | one for each grant on a whole kind, kinds as in the catalog | `kind`; `grant`, with `to`: `everyone`, `group:NAME` or `user:NAME`; `permissions` without an end, implied ones included; `ending`: a list of `expires_at` and `permissions`; `roles`: a list of `role` and `expires_at` |
//! | `resource` | one for each resource, singletons too | `id`; `resource`: the name, such as `project/churn`; `owner`; `grants`: from grantee to permissions, implied ones included, in the order everyone, groups, users; `special_grants`: those with ends or roles, as in `kind_grant`; `required`: permissions that need a personal credential; `credentials`: users who recorded one; `owner_groups`: groups that include the owner |
//! | `everywhere` | one for each grantee that has roles on everything | `to`; `roles` |
//! | `key` | one for each API key | `id`; `key`: the name; `acts_as`: a user; `scope`: `"all"` or `{"entries": {TARGET: [..]}}`, implied permissions included; `expires_at`; `expired`: true once it has expired |
//! | `end` | one | `records`: how many records come before it |
//!
//! Which users are in groups by profile and external groups is not stored: it follows from the users. Nor is what follows from
//! nesting, or what roles give.
//!
//! # Binary form
//!
//! Version 1. All fixed numbers are little-endian.
//!
//! | part | bytes |
//! |---|---|
//! | header | `9a 65 6e 74 69 74 6c 65 0d 0a`; the version, 4 bytes; the fingerprint of the catalog, 16 bytes; a checksum, 16 bytes |
//! | each block | the length of its content, 8 bytes; a checksum, 16 bytes; the content: whole records |
//!
//! A checksum is XXH3 with 128 bits of the checksum before (0 for the header), the length of what follows in 8 bytes, and the bytes
//! of the header or the content. So a block that was changed, left out, moved or repeated is found. The last record of the last
//! block is `end`, and nothing follows.
//!
//! Records are encoded by [postcard](https://postcard.jamesmunns.com/wire-format). They are those of the table in the same
//! order, after the catalog as JSON and two tables of names, those of roles and the external ones. Users, groups, resources and
//! keys are referred to by their slots, permissions by their places in the catalog, profiles and kinds by their ranks, roles and
//! external names by their places in the tables. Licenses are JSON.
//!
//! Readers of the two forms make the same checks. The form finds damage; it is no protection against deliberate changes, but
//! neither a forged file nor a damaged one makes a directory that commands could not make.
//!
//! ```
//! # use entitle::catalog::Catalog;
//! # use entitle::{Batch, Command, Directory, Timestamp, snapshot};
//! # let empty = Directory::new(Catalog::builder().build()?);
//! # let plan = empty.plan(Batch::host(Timestamp::EPOCH).add(Command::add_group("data")))?;
//! # let directory = plan.into_directory();
//! let mut builder = snapshot::Builder::new();
//! for record in snapshot::records(&directory) {
//!     builder.push(record)?;
//! }
//! assert_eq!(builder.finish()?, directory);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "binary")]
mod binary;
mod build;
#[cfg(feature = "json")]
mod lines;

#[cfg(feature = "binary")]
pub use self::binary::{BINARY_VERSION, ReadBinaryError};
pub use self::build::{Builder, RecordError, SnapshotError};
#[cfg(feature = "json")]
pub(crate) use self::lines::Checksum;
#[cfg(feature = "json")]
pub use self::lines::ReadError;
use crate::directory::{self, Directory};

/// The version of the stored form that this release writes, and the only one that it reads.
///
/// It is the `version` of the first record; see the [module](self).
pub const VERSION: u32 = 2;

/// One part of a stored directory; its serialized form is the crate's own, see the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Record(directory::Record);

/// Returns the records of a directory in order.
///
/// The names are collected and sorted first; each record is created when the iterator reaches it.
pub fn records(directory: &Directory) -> impl Iterator<Item = Record> + '_ {
    let catalog = directory.catalog().document().clone();
    let frame = [
        directory::Record::Snapshot { version: VERSION },
        directory::Record::Catalog(alloc::boxed::Box::new(catalog)),
    ];
    let mut content = frame.into_iter().chain(directory.records()).fuse();
    let mut records = 0_u64;
    let mut ended = false;
    core::iter::from_fn(move || {
        if let Some(record) = content.next() {
            records = records.saturating_add(1);
            return Some(Record(record));
        }
        let end = (!ended).then_some(Record(directory::Record::End { records }));
        ended = true;
        end
    })
}
