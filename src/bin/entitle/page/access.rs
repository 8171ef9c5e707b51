//! The rows of access, with their reasons, and the grants.

use entitle::authorize::Access;
use entitle::{Directory, Principal, Timestamp};
use serde::Serialize;

use super::super::progress::Progress;
use super::Page;
use super::reasons;
use super::tables::{Index, Tables};

/// The most rows of access, and of grants, on a page.
const ROWS: usize = 250_000;

/// The access of every user and key, as columns.
#[derive(Default, Serialize)]
pub(super) struct AccessColumns {
    who: Vec<Index>,
    on: Vec<Index>,
    allowed: Vec<Index>,
    withheld: Vec<Index>,
    /// The earliest end of a granted permission.
    until: Vec<Option<Timestamp>>,
    reason: Vec<Index>,
    left_out: usize,
}

impl AccessColumns {
    pub(super) fn of(directory: &Directory, tables: &mut Tables<'_>) -> Self {
        let mut columns = Self::default();
        let principals = u64::from(directory.user_count()).saturating_add(directory.key_count().into());
        let progress = Progress::of("explaining", principals, "users and keys");
        let (mut review, mut last) = (directory.review(), None);
        for access in review.by_ref().take(ROWS) {
            if last.replace(access.who) != Some(access.who) {
                progress.add(1);
            }
            columns.add(directory, &access, tables);
        }
        columns.left_out = review.count();
        columns
    }

    fn add(&mut self, directory: &Directory, access: &Access<'_>, tables: &mut Tables<'_>) {
        let why = access.explain();
        let on = why.on.as_deref().unwrap_or_default();
        let withheld: Vec<String> =
            why.granted.iter().filter(|name| !why.allowed.contains(name)).cloned().collect();
        self.who.push(match access.who {
            Principal::User(user) => tables.user(directory, user),
            Principal::Key(key) => tables.key(directory, key),
        });
        self.on.push(tables.name(on));
        self.allowed.push(tables.set(on, &why.allowed));
        self.withheld.push(tables.set(on, &withheld));
        self.until.push(why.ends.iter().map(|(_, until)| *until).min());
        let parts = reasons::parts(directory, &why, on, tables);
        self.reason.push(tables.reason(parts));
    }
}

/// Every grant, as columns.
#[derive(Default, Serialize)]
pub(super) struct GrantColumns {
    to: Vec<Index>,
    users: Vec<u64>,
    on: Vec<Index>,
    role: Vec<Option<Index>>,
    set: Vec<Index>,
    until: Vec<Option<Timestamp>>,
    /// The commits that gave it; nothing if they are not known.
    given: Vec<Option<Index>>,
    left_out: usize,
}

impl GrantColumns {
    pub(super) fn of(page: &Page<'_>, tables: &mut Tables<'_>) -> Self {
        let mut columns = Self::default();
        for row in page.directory.review_grants() {
            let Some(on) = &row.on else { continue };
            if columns.to.len() == ROWS {
                columns.left_out = columns.left_out.saturating_add(1);
                continue;
            }
            let given = page.past.map(|past| past.grants().granted_by(&row)).unwrap_or_default();
            let given: Vec<reasons::Given> = given.into_iter().map(reasons::Given::from).collect();
            let given = (!given.is_empty()).then(|| tables.given(given));
            columns.to.push(tables.grantee(page.directory, &row.to));
            columns.users.push(row.users);
            columns.on.push(tables.name(on));
            columns.role.push(row.role.as_deref().map(|role| tables.name(role)));
            columns.set.push(tables.set(on, &row.permissions));
            columns.until.push(row.until);
            columns.given.push(given);
        }
        columns
    }
}
