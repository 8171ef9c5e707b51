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
    /// The users and keys of whom access may be missing on the page: some of them may have none. The number of the rows that
    /// are missing would take long to find.
    principals_left_out: usize,
}

impl AccessColumns {
    pub(super) fn of(directory: &Directory, tables: &mut Tables<'_>) -> Self {
        Self::first(ROWS, directory, tables)
    }

    fn first(rows: usize, directory: &Directory, tables: &mut Tables<'_>) -> Self {
        let mut columns = Self::default();
        let progress = Progress::of_some("explaining", "rows");
        let mut review = directory.review();
        for access in review.by_ref().take(rows) {
            progress.add(1);
            columns.add(directory, &access, tables);
        }
        columns.principals_left_out = review.next().map_or(0, |next| principals_from(directory, next.who));
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

/// Returns the number of users and keys from one on, in the order of a review, of whom each may have access.
fn principals_from(directory: &Directory, first: Principal) -> usize {
    let users = directory.users().map(Principal::User);
    users.chain(directory.keys().map(Principal::Key)).skip_while(|&who| who != first).count()
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

#[cfg(test)]
mod tests {
    use entitle::catalog::{Catalog, Kind};
    use entitle::change::ScopeDocument;
    use entitle::{Batch, Command, Grantee};

    use super::*;

    /// The users and keys of whom access may be missing are counted, and nothing is if all is there.
    #[test]
    fn users_and_keys_that_are_left_out_are_counted() {
        let catalog = Catalog::builder().kind(Kind::named("project").permissions(["read"])).build().unwrap();
        let mut batch = Batch::host(Timestamp::EPOCH);
        for name in ["ada", "bob", "cyd"] {
            batch = batch.add(Command::add_user(name));
        }
        batch = batch.add(Command::add_key("ci", "cyd").scope(ScopeDocument::All));
        for name in ["project/a", "project/b"] {
            batch = batch.add(Command::add_resource(name));
        }
        batch = batch.add(Command::grant(Grantee::Everyone, "project/*", ["read"]));
        let directory = Directory::new(catalog).plan(batch).unwrap().into_directory();
        for (rows, left_out) in [(0, 4), (1, 4), (2, 3), (3, 3), (5, 2), (6, 1), (7, 1), (8, 0), (9, 0)] {
            let mut tables = Tables::of(directory.catalog());
            let columns = AccessColumns::first(rows, &directory, &mut tables);
            assert_eq!((columns.who.len(), columns.principals_left_out), (rows.min(8), left_out), "{rows}");
        }
    }
}
