//! Who gave what (rule D15).

use crate::generate::{History, Mix};
use crate::random::for_all_histories;
use crate::side_by_side::SideBySide;
use entitle::Directory;
use entitle::authorize::GrantRow;
use entitle::change::{Commit, Event, GrantHistory, GrantedBy};
use entitle::directory::{Grantee, GranteeId, Target};

const STEPS: usize = 40;

/// The grantee and the target of a row, by ids, which stay through renames and are never used again.
fn ids(directory: &Directory, row: &GrantRow) -> (GranteeId, Target) {
    let to = match row.to.parse().unwrap() {
        Grantee::User(user) => GranteeId::User(directory.user_by_name(&user).unwrap()),
        Grantee::Group(group) => GranteeId::Group(directory.group_by_name(&group).unwrap()),
        Grantee::Everyone => GranteeId::Everyone,
    };
    let on = row.on.as_deref().unwrap();
    let kind = || directory.catalog().kind_by_name(on.strip_suffix("/*").unwrap()).unwrap();
    let on = match directory.resource_by_name(on) {
        _ if on == "*" => Target::Everything,
        Some(resource) => Target::Resource(resource),
        None => Target::Kind(kind()),
    };
    (to, on)
}

/// Whether a permission was given so in a directory before.
fn had(directory: &Directory, (to, on): (GranteeId, Target), row: &GrantRow, permission: &String) -> bool {
    let Some(to) = directory.grantee_name(to).map(|to| to.to_string()) else { return false };
    directory.target_name(on).is_some()
        && directory.review_grants_on(on).any(|other| {
            other.to == to
                && other.role.is_none()
                && other.until == row.until
                && other.permissions.contains(permission)
        })
}

fn changes(event: &Event, row: &GrantRow) -> bool {
    matches!(event, Event::GrantChanged { on, .. } | Event::GrantEnded { on, .. } if Some(on) == row.on.as_ref())
}

/// The first commit since which a permission was always there is the giver's, unless it was taken and given in one.
fn is_right(
    after: &[Directory],
    commits: &[Commit],
    row: &GrantRow,
    given: &[&GrantedBy],
) -> Result<(), String> {
    let last = after.last().unwrap();
    let ids = ids(last, row);
    for permission in &row.permissions {
        let since = after.iter().rposition(|before| !had(before, ids, row, permission)).unwrap();
        let commit = &commits[since];
        let found = given.iter().any(|giver| {
            let changes = |commit: &Commit| commit.events.iter().filter(|event| changes(event, row)).count();
            let later = commits.iter().find(|commit| commit.revision == giver.revision).unwrap();
            giver.revision == commit.revision || (giver.revision > commit.revision && changes(later) > 1)
        });
        if !found {
            return Err(format!("{permission} of {row:?} came with {}, and not {given:?}", commit.revision));
        }
    }
    Ok(())
}

fn agrees(history: &History) -> Result<(), String> {
    let mut pair = SideBySide::new(&history.catalog);
    let mut after = vec![pair.directory.clone()];
    for step in &history.steps {
        if pair.outcome_of(step)? == Ok(true) {
            after.push(pair.directory.clone());
        }
    }
    let mut history = GrantHistory::new();
    pair.commits.iter().for_each(|commit| history.add(commit));
    for row in pair.directory.review_grants().filter(|row| row.on.is_some()) {
        let given = history.granted_by(&row);
        let checked = match &row.role {
            None => is_right(&after, &pair.commits, &row, &given),
            Some(role) => {
                let gave = |giver: &&&GrantedBy| {
                    let commit =
                        pair.commits.iter().find(|commit| commit.revision == giver.revision).unwrap();
                    commit.events.iter().any(|event| {
                        matches!(event, Event::RoleGranted { on, role: given, expires_at, .. }
                            if Some(on) == row.on.as_ref() && given.as_str() == role && *expires_at == row.until)
                    })
                };
                let right = given.len() == 1 && given.iter().all(|giver| gave(&giver));
                if right { Ok(()) } else { Err(format!("{row:?} has the history {given:?}")) }
            }
        };
        checked.map_err(|difference| pair.explain(&difference))?;
    }
    Ok(())
}

#[test]
fn d15_who_gave_what_is_given_is_in_the_history() {
    for_all_histories(4, Mix::Administration, STEPS, agrees);
}
