//! The users and groups of a directory as CSV, as `entitle import` reads them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use entitle::authorize::EndingKind;
use entitle::directory::{MembershipRule, Target, UserStatus};
use entitle::{Directory, GroupId, Timestamp, UserId};

use super::output::{counted, note};
use super::rows::{is_formula, is_separator};

/// The columns of users and groups, which an export writes and an import reads.
pub(super) const COLUMNS: [&str; 6] = ["user", "email", "profile", "source", "groups", "group"];

/// Returns the text of a cell that no spreadsheet evaluates, however it splits the line.
///
/// Each part that could be found gets an apostrophe if it could be a formula, or begins with a quote or with the end of the
/// cell, which may be a quote. [`unprotected`] reads the text as it was.
fn protected(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    let mut starts_part = true;
    for character in text.chars() {
        if starts_part && is_sign(character) {
            cell.push('\'');
        }
        cell.push(character);
        starts_part = is_separator(character);
    }
    if text.ends_with(is_separator) {
        cell.push('\'');
    }
    cell
}

/// Returns the text of a cell without the apostrophes that protect it.
pub(super) fn unprotected(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut rest = cell.chars().peekable();
    // Only after a separator does an apostrophe protect the end.
    let (mut starts_part, mut protects_end) = (true, false);
    while let Some(character) = rest.next() {
        let protects = character == '\'' && rest.peek().map_or(protects_end, |&next| is_sign(next));
        let character = if starts_part && protects { rest.next() } else { Some(character) };
        text.extend(character);
        starts_part = character.is_some_and(is_separator);
        protects_end = starts_part;
    }
    text
}

/// Returns `true` for what begins a formula or a quoted text, and for the apostrophe, so that each text is read as it was.
fn is_sign(character: char) -> bool {
    is_formula(character) || matches!(character, '"' | '\'')
}

/// Writes a line for each group and for each active user, and returns what the lines do not have.
pub(super) fn write(directory: &Directory, out: &mut dyn Write) -> io::Result<LeftOut> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for group in explicit_groups(directory) {
        let name = protected(directory.group_name(group).unwrap_or_default());
        csv.write_record(["", "", "", "", "", &name])?;
    }
    let mut left_out = LeftOut::of(directory);
    let ending = ending_memberships(directory);
    for user in directory.users() {
        if !is_active(directory, user) {
            add(&mut left_out.users, true);
            continue;
        }
        let name = protected(directory.user_name(user).unwrap_or_default());
        let email = protected(directory.email_of(user).unwrap_or_default());
        let wants = directory.seat_of(user).and_then(|seat| seat.wants);
        let source = directory.source_of(user).unwrap_or_default().as_str();
        let mut groups = Vec::new();
        for group in directory.direct_groups_of(user).filter(|&group| is_explicit(directory, group)) {
            let name = directory.group_name(group).unwrap_or_default();
            let owns = owner_in(directory, group) == Some(user);
            let is_kept = !owns && !ending.contains(&(user, group)) && !name.contains(';');
            add(&mut left_out.memberships, !is_kept);
            groups.extend(is_kept.then(|| protected(name)));
        }
        add(&mut left_out.external_names, directory.external_names_of(user).next().is_some());
        add(&mut left_out.profiles, wants.is_none() && directory.catalog().default_profile().is_some());
        csv.write_record([&name, &email, wants.unwrap_or_default(), source, &groups.join(";"), ""])?;
    }
    csv.flush()?;
    Ok(left_out)
}

/// The numbers of what the lines do not have.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    users: usize,
    memberships: usize,
    groups: usize,
    keys: usize,
    resources: usize,
    grants: usize,
    roles: usize,
    licenses: usize,
    managed_groups: usize,
    external_names: usize,
    profiles: usize,
    waiting: usize,
}

impl LeftOut {
    /// Counts what does not follow from the users who are written.
    fn of(directory: &Directory) -> Self {
        let document = directory.catalog().document();
        let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let kinds = directory.catalog().kinds().filter_map(|kind| directory.catalog().kind_by_name(kind));
        let targets = kinds.map(Target::from).chain([Target::Everything]);
        let groups = directory.groups().filter(|&group| !is_explicit(directory, group));
        let is_managed = |group| {
            directory.managers_of(group).next().is_some()
                || directory.outer_groups_of(group).next().is_some()
                || directory.owner_included_in(group).is_some()
        };
        let declared: BTreeSet<&str> = document.roles.iter().map(|(role, _)| role).collect();
        let report = directory.seat_report();
        let waiting = report.queue.iter().filter_map(|waits| directory.user_by_name(waits.user));
        Self {
            groups: groups.count(),
            keys: number(directory.key_count()),
            resources: number(directory.resource_count()),
            grants: targets.map(|on| directory.review_grants_on(on).count()).sum(),
            roles: directory.roles().filter(|role| !declared.contains(role)).count(),
            licenses: directory.license().into_iter().chain(directory.scheduled_licenses()).count(),
            managed_groups: explicit_groups(directory).filter(|&group| is_managed(group)).count(),
            waiting: waiting.filter(|&user| is_active(directory, user)).count(),
            ..Self::default()
        }
    }

    /// Says on the standard error what the lines do not have, with the number of each.
    pub(super) fn note(&self) {
        for (count, what, which) in [
            (self.users, "user", ", not active"),
            (
                self.memberships,
                "membership",
                ", with an end, of an owner, or in a group with `;` in its name",
            ),
            (self.groups, "group", ", whose members follow from a rule"),
            (self.keys, "key", ""),
            (self.resources, "resource", ", with their owners and grants"),
            (self.grants, "grant", " of permissions or roles on whole kinds or everything"),
            (self.roles, "role", ", added by command"),
            (self.licenses, "license", ""),
        ] {
            if count > 0 {
                note(format_args!("left out: {}{which}", counted(count, what)));
            }
        }
        for (count, what, without) in [
            (self.managed_groups, "group", "managers, nesting or owner"),
            (self.external_names, "user", "external names"),
            (self.profiles, "user", "a profile; an import gives the default one"),
            (self.waiting, "user", "the order of the queue; an import makes one in the order of the lines"),
        ] {
            if count > 0 {
                note(format_args!("written without {without}: {}", counted(count, what)));
            }
        }
    }
}

fn add(counter: &mut usize, is_counted: bool) {
    *counter = counter.saturating_add(usize::from(is_counted));
}

fn is_active(directory: &Directory, user: UserId) -> bool {
    directory.status_of(user) == Some(UserStatus::Active)
}

fn is_explicit(directory: &Directory, group: GroupId) -> bool {
    directory.membership_rule_of(group) == Some(MembershipRule::Explicit)
}

fn explicit_groups(directory: &Directory) -> impl Iterator<Item = GroupId> {
    directory.groups().filter(|&group| is_explicit(directory, group))
}

/// Returns the owner whom a group includes.
fn owner_in(directory: &Directory, group: GroupId) -> Option<UserId> {
    directory.owner_included_in(group).and_then(|resource| directory.owner_of(resource))
}

fn ending_memberships(directory: &Directory) -> BTreeSet<(UserId, GroupId)> {
    let endings = directory.ending(Timestamp::from_millis(u64::MAX));
    let membership = |kind| match kind {
        EndingKind::Membership { user, group } => Some((user, group)),
        _ => None,
    };
    endings.filter_map(|ending| membership(ending.what)).collect()
}

#[cfg(test)]
mod tests {
    use entitle::report::escape_cell;

    use super::{is_formula, protected, unprotected};

    /// Every text of up to five of the characters that matter is read as it was.
    #[test]
    fn each_text_is_read_as_it_was() {
        let mut texts = vec![String::new()];
        for length in 0..5 {
            let longer = texts.iter().filter(|text| text.chars().count() == length);
            let longer = longer.flat_map(|text| "a='\"; ,".chars().map(move |next| format!("{text}{next}")));
            texts.extend(longer.collect::<Vec<_>>());
        }
        let named = ["ada", "=1+1", "'=1", "''", "''=", "'ada", "-", "@x", "＝1", "x;=1", "a =1", "|a|-1"];
        for text in texts.iter().map(String::as_str).chain(named) {
            let cell = protected(text);
            assert_eq!(unprotected(&cell), text, "{cell}");
            // What is visible is protected as the library does it.
            assert_eq!(cell, escape_cell(text));
        }
        for text in ["'ada", "'", "o'brien", "a 'b"] {
            assert_eq!(unprotected(text), text, "an apostrophe that protects nothing belongs to the name");
        }
    }

    /// However a spreadsheet splits a line, no part is a formula, and no quote hides what follows.
    #[test]
    fn no_part_of_a_line_is_a_formula() {
        for name in ["=1", "x;=1+1", "a =1", "a|@x", "a;\"=1\"", "a;", "\"=1", "b,-1", "x;＝1"] {
            let mut line = csv::Writer::from_writer(Vec::new());
            line.write_record(["user", &protected(name), "end"]).unwrap();
            let line = String::from_utf8(line.into_inner().unwrap()).unwrap();
            for separator in [';', '|', ' '] {
                let starts = line.split(separator).skip(1).filter_map(|part| part.chars().next());
                assert!(starts.into_iter().all(|c| !is_formula(c) && c != '"'), "{line} at {separator}");
            }
        }
    }
}
