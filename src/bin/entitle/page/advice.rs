//! Right-sizing: the users for whom a lower profile is enough.

use entitle::Directory;
use entitle::authorize::RightSizing;
use serde::Serialize;

use super::tables::{Index, Tables};

/// The most users on a page.
const ROWS: usize = 100_000;

#[derive(Serialize)]
pub(super) struct Advice<'a> {
    rows: Vec<Row>,
    changes: Vec<ProfileChange<'a>>,
    left_out: usize,
}

/// The user, the profile held or reserved, and the one that is enough.
type Row = (Index, Option<Index>, Option<Index>);

/// How many users fewer and more a profile would have.
#[derive(Serialize)]
struct ProfileChange<'a> {
    profile: &'a str,
    fewer: u64,
    more: u64,
}

impl<'a> Advice<'a> {
    pub(super) fn of(directory: &'a Directory, tables: &mut Tables<'_>) -> Self {
        let sizing: RightSizing<'a> = directory.right_sizing();
        let users = sizing
            .users
            .iter()
            .take(ROWS)
            .map(|of| (tables.name(of.user), tables.profile(of.holds), tables.profile(of.advised)));
        let changes = sizing.profiles.iter().filter(|of| of.frees > 0 || of.takes > 0);
        Self {
            rows: users.collect(),
            changes: changes
                .map(|of| ProfileChange { profile: of.profile, fewer: of.frees, more: of.takes })
                .collect(),
            left_out: sizing.users.len().saturating_sub(ROWS),
        }
    }
}
