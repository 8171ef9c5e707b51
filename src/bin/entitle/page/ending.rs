//! What ends: permissions, roles, memberships, invitations, keys and licenses.

use entitle::authorize::EndingRow;
use entitle::{Directory, Timestamp};
use serde::Serialize;

use super::Page;
use super::tables::{Index, Tables};

/// The most rows of ends on a page.
const ROWS: usize = 100_000;

#[derive(Serialize)]
pub(super) struct Endings {
    rows: Vec<End>,
    left_out: usize,
}

#[derive(Serialize)]
struct End {
    what: What,
    until: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<Index>,
    /// The resource, or the license.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<Index>,
    /// The role or the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<Index>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<Index>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Permissions,
    Role,
    Membership,
    Invitation,
    Key,
    License,
    LicenseStarts,
}

impl Endings {
    /// Lists the ends after the last commit, the earliest first. Some may be before the present time.
    pub(super) fn of(page: &Page<'_>, tables: &mut Tables<'_>) -> Self {
        let directory = page.directory;
        let never = Timestamp::from_millis(u64::MAX);
        let mut ends = directory.ending(never);
        let given = ends.by_ref().take(ROWS).filter_map(|end| end.row(directory));
        let mut rows: Vec<End> = given.map(|row| End::of(directory, &row, tables)).collect();
        let left_out = ends.count();
        rows.extend(invitations(directory, tables));
        rows.extend(keys(directory, tables));
        rows.extend(licenses(directory, tables));
        rows.sort_by_key(|end| end.until);
        let more = rows.len().saturating_sub(ROWS);
        rows.truncate(ROWS);
        Self { rows, left_out: left_out.saturating_add(more) }
    }
}

impl End {
    fn new(what: What, until: Timestamp) -> Self {
        Self { what, until, who: None, on: None, of: None, set: None }
    }

    fn of(directory: &Directory, row: &EndingRow, tables: &mut Tables<'_>) -> Self {
        let what = match (&row.group, &row.role) {
            (Some(_), _) => What::Membership,
            (None, Some(_)) => What::Role,
            (None, None) => What::Permissions,
        };
        let on = row.on.as_deref();
        let set = on.filter(|_| !row.permissions.is_empty()).map(|on| tables.set(on, &row.permissions));
        let of = row.group.as_deref().or(row.role.as_deref());
        Self {
            who: Some(tables.grantee(directory, &row.to)),
            on: on.map(|on| tables.name(on)),
            of: of.map(|name| tables.name(name)),
            set,
            ..Self::new(what, row.until)
        }
    }
}

fn invitations(directory: &Directory, tables: &mut Tables<'_>) -> Vec<End> {
    let invited = directory.users().filter_map(|user| Some((user, directory.invitation_expires_at(user)?)));
    let end =
        |(user, until)| End { who: Some(tables.user(directory, user)), ..End::new(What::Invitation, until) };
    invited.map(end).collect()
}

fn keys(directory: &Directory, tables: &mut Tables<'_>) -> Vec<End> {
    let expiring = directory.keys().filter_map(|key| Some((key, directory.key_expires_at(key)?)));
    let expiring = expiring.filter(|(_, until)| *until > directory.committed_at());
    expiring
        .map(|(key, until)| End { who: Some(tables.key(directory, key)), ..End::new(What::Key, until) })
        .collect()
}

fn licenses(directory: &Directory, tables: &mut Tables<'_>) -> Vec<End> {
    let in_force = directory
        .license()
        .into_iter()
        .filter_map(|license| Some((What::License, license, license.expiry()?)));
    let scheduled = directory
        .scheduled_licenses()
        .filter_map(|license| Some((What::LicenseStarts, license, license.start()?)));
    let end = |(what, license, until): (What, &entitle::License, Timestamp)| End {
        on: Some(tables.name(&license.name)),
        ..End::new(what, until)
    };
    in_force.chain(scheduled).map(end).collect()
}
