//! The users and groups of a directory as CSV, as `entitle import` reads them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use entitle::directory::{MembershipRule, UserStatus};
use entitle::{Directory, GroupId, Timestamp, UserId};

use super::output::{counted, note};

/// The columns of users and groups, which an export writes and an import reads.
pub(super) const COLUMNS: [&str; 6] = ["user", "email", "profile", "source", "groups", "group"];

/// Returns the text of a cell that no spreadsheet evaluates: one that could be a formula gets an apostrophe.
fn protected(text: &str) -> String {
    if text.starts_with(is_sign) { format!("'{text}") } else { text.to_owned() }
}

/// Returns the text of a cell without the apostrophe that protects it.
pub(super) fn unprotected(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(is_sign)).unwrap_or(text)
}

/// Returns `true` for what a spreadsheet takes for a formula, and for the apostrophe, so that each text is read as it was.
fn is_sign(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\'' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}

/// Writes a line for each group and for each active user.
pub(super) fn write(directory: &Directory, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for group in explicit_groups(directory) {
        let name = protected(directory.group_name(group).unwrap_or_default());
        csv.write_record(["", "", "", "", "", &name])?;
    }
    let memberships = Memberships::of(directory);
    for user in directory.users().filter(|&user| is_active(directory, user)) {
        let name = protected(directory.user_name(user).unwrap_or_default());
        let email = protected(directory.email_of(user).unwrap_or_default());
        let profile = directory.seat_of(user).and_then(|seat| seat.wants).unwrap_or_default();
        let source = directory.source_of(user).unwrap_or_default().as_str();
        let groups: Vec<String> = memberships.kept(user).map(protected).collect();
        csv.write_record([&name, &email, profile, source, &groups.join(";"), ""])?;
    }
    csv.flush()
}

/// Says on the standard error what the lines do not have, with the number of each.
pub(super) fn note_left_out(directory: &Directory) {
    let memberships = Memberships::of(directory);
    let count = |is: &dyn Fn(UserId) -> bool| directory.users().filter(|&user| is(user)).count();
    let active = |user| is_active(directory, user);
    let users = directory.users().filter(|&user| active(user));
    let left_out: usize = users.map(|user| memberships.of_user(user).filter(|(_, kept)| !kept).count()).sum();
    let groups = |is: &dyn Fn(GroupId) -> bool| directory.groups().filter(|&group| is(group)).count();
    let managed = |group| {
        directory.managers_of(group).next().is_some()
            || directory.outer_groups_of(group).next().is_some()
            || directory.owner_included_in(group).is_some()
    };
    let has_default = directory.catalog().default_profile().is_some();
    let wants_none = |user| active(user) && directory.seat_of(user).is_some_and(|seat| seat.wants.is_none());
    let external = |user| active(user) && directory.external_names_of(user).next().is_some();
    let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    for (count, what, why) in [
        (count(&|user| !active(user)), "user", "not active"),
        (left_out, "membership", "with an end, of an owner, or in a group with `;` in its name"),
        (groups(&|group| !is_explicit(directory, group)), "group", "whose members follow from a rule"),
        (number(directory.key_count()), "key", "all of them"),
        (number(directory.resource_count()), "resource", "with their owners and grants"),
    ] {
        if count > 0 {
            note(format_args!("left out: {}, {why}", counted(count, what)));
        }
    }
    for (count, what, without) in [
        (
            groups(&|group| is_explicit(directory, group) && managed(group)),
            "group",
            "managers, nesting or owner",
        ),
        (count(&external), "user", "external names"),
        (
            if has_default { count(&wants_none) } else { 0 },
            "user",
            "a profile; an import gives the default one",
        ),
    ] {
        if count > 0 {
            note(format_args!("written without {without}: {}", counted(count, what)));
        }
    }
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

/// The memberships of users, and those of them that have an end.
struct Memberships<'a> {
    directory: &'a Directory,
    /// The user and the group.
    ending: BTreeSet<(String, String)>,
}

impl<'a> Memberships<'a> {
    fn of(directory: &'a Directory) -> Self {
        let rows = directory.ending(Timestamp::from_millis(u64::MAX)).filter_map(|end| end.row(directory));
        let ending = rows.filter_map(|row| Some((row.to, row.group?))).collect();
        Self { directory, ending }
    }

    /// Returns the explicit groups of a user by name, each with `true` if a line can have it.
    fn of_user(&self, user: UserId) -> impl Iterator<Item = (&'a str, bool)> {
        let directory = self.directory;
        let to = format!("user:{}", directory.user_name(user).unwrap_or_default());
        let owns = move |group| {
            let owned = directory.owner_included_in(group).and_then(|on| directory.owner_of(on));
            owned == Some(user)
        };
        let groups = directory.direct_groups_of(user).filter(|&group| is_explicit(directory, group));
        groups.filter_map(move |group| {
            let name = directory.group_name(group)?;
            let ends = self.ending.contains(&(to.clone(), name.to_owned()));
            Some((name, !ends && !owns(group) && !name.contains(';')))
        })
    }

    fn kept(&self, user: UserId) -> impl Iterator<Item = &'a str> {
        self.of_user(user).filter_map(|(name, kept)| kept.then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::{protected, unprotected};

    #[test]
    fn each_text_is_read_as_it_was() {
        for text in ["ada", "=1+1", "'=1", "''", "'ada", "-", "@x", "＝1", ""] {
            let cell = protected(text);
            assert!(!cell.starts_with(['=', '+', '-', '@', '＝']), "{cell}");
            assert_eq!(unprotected(&cell), text);
        }
        // An apostrophe that protects nothing belongs to the name.
        assert_eq!(unprotected("'ada"), "'ada");
    }
}
