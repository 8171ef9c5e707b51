//! Pages over changing revisions: unchanged items are neither lost nor repeated (rule A14).
//!
//! The directory changes between two pages. An item that is in the answer at every revision must be listed exactly
//! once, an item that is in it at none must not be listed, and no item is listed twice.

use super::worlds::{Both, story, thing};
use entitle::authorize::Ending;
use entitle::directory::{GranteeId, Target};
use entitle::{Batch, Directory, GroupId, Principal, ResourceId, Timestamp, Untyped, UserId};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// A query with a long answer, as a whole or from the end of a page.
type Question<T> = Box<dyn Fn(&Directory, Option<&T>) -> Vec<T>>;

/// Reads the answer in pages, with a change between any two.
fn in_pages<T: Ord + Clone + Debug>(
    both: &mut Both,
    changes: &[serde_json::Value],
    size: usize,
    ask: &Question<T>,
) -> Result<(), TestCaseError> {
    let mut always: BTreeSet<T> = ask(&both.directory, None).into_iter().collect();
    let mut ever = always.clone();
    let mut seen = Vec::new();
    let mut last = None;
    let mut changes = changes.iter();
    loop {
        let page: Vec<T> = ask(&both.directory, last.as_ref()).into_iter().take(size).collect();
        let Some(end) = page.last() else { break };
        last = Some(end.clone());
        seen.extend(page);
        prop_assert!(seen.len() <= ever.len(), "something came twice: {:?}", &seen);
        if let Some(change) = changes.next() {
            both.make(change)?;
            let now: BTreeSet<T> = ask(&both.directory, None).into_iter().collect();
            always = always.intersection(&now).cloned().collect();
            ever.extend(now);
        }
    }
    let once: BTreeSet<T> = seen.iter().cloned().collect();
    prop_assert_eq!(once.len(), seen.len(), "something came twice: {:?}", &seen);
    prop_assert!(always.is_subset(&once), "lost: {:?}", always.difference(&once));
    prop_assert!(once.is_subset(&ever), "never was there: {:?}", once.difference(&ever));
    Ok(())
}

/// Something that ends, ordered by its text.
#[derive(Clone, Debug)]
struct Line(Ending);

impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Line {}

impl PartialOrd for Line {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Line {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        format!("{self:?}").cmp(&format!("{other:?}"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_neither_lose_nor_repeat(
        story in story(),
        changes in vec(thing(), 12),
        size in prop_oneof![Just(1), Just(2), Just(7)],
    ) {
        let both = Both::of(&story)?;
        let again = || Both::of(&story);
        let directory = both.directory.clone();
        if let Some(ada) = directory.user_by_name("ada") {
            let read = directory.catalog().permission_set("project", ["read"]).unwrap();
            in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&ResourceId>| {
                let all = directory.resources_for::<Untyped>(ada, read);
                last.map_or(all.clone(), |last| all.after(*last)).collect()
            }) as Question<_>))?;
            in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&GroupId>| {
                let all = directory.groups_of(ada);
                last.map_or(all.clone(), |last| all.after(*last)).collect()
            }) as Question<_>))?;
            in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&Target>| {
                let all = directory.grants_of(GranteeId::User(ada));
                last.map_or(all.clone(), |last| all.after(*last)).map(|grant| grant.on).collect()
            }) as Question<_>))?;
        }
        if let Some(group) = directory.group_by_name("data") {
            in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&UserId>| {
                let all = directory.members_of(group);
                last.map_or(all.clone(), |last| all.after(*last)).collect()
            }) as Question<_>))?;
            in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&Target>| {
                let all = directory.grants_of(GranteeId::Group(group));
                last.map_or(all.clone(), |last| all.after(*last)).map(|grant| grant.on).collect()
            }) as Question<_>))?;
        }
        in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&Target>| {
            let all = directory.grants_of(GranteeId::Everyone);
            last.map_or(all.clone(), |last| all.after(*last)).map(|grant| grant.on).collect()
        }) as Question<_>))?;
        if let Some(churn) = directory.resource_by_name("project/churn") {
            let read = directory.catalog().permission_set("project", ["read"]).unwrap();
            in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&UserId>| {
                let all = directory.users_for(churn, read);
                last.map_or(all.clone(), |last| all.after(*last)).collect()
            }) as Question<_>))?;
            in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&GranteeId>| {
                let all = directory.grants_on(Target::Resource(churn));
                last.map_or(all.clone(), |last| all.after(*last)).map(|grant| grant.to).collect()
            }) as Question<_>))?;
        }
        in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&Line>| {
            let all = directory.ending(Timestamp::from_millis(u64::MAX));
            last.map_or(all.clone(), |last| all.after(&last.0)).map(Line).collect()
        }) as Question<_>))?;
        in_pages(&mut again()?, &changes, size, &(Box::new(move |directory: &Directory, last: Option<&(Principal, ResourceId)>| {
            let all = directory.review();
            let rest = last.map_or(all.clone(), |(who, on)| all.after(*who, *on));
            rest.map(|access| (access.who, access.on)).collect()
        }) as Question<_>))?;
    }
}

/// Sets and grants at the sizes at which they change their form, in pages of every size around them.
#[test]
fn pages_of_long_lists_are_complete() {
    use entitle::catalog::{Catalog, Kind, Profile};
    use entitle::{Command, Grantee};

    for count in [1_usize, 7, 8, 9, 31, 32, 33, 64, 65, 300] {
        let catalog = Catalog::builder()
            .kind(Kind::named("project").permissions(["read"]))
            .profile(Profile::new("robot").exempt())
            .build()
            .unwrap();
        let mut commands: Vec<Command> =
            commands![Command::add_group("all"), Command::add_resource("project/hub")];
        for number in 0..count {
            let (user, group) = (format!("user {number}"), format!("group {number}"));
            commands.push(Command::add_group(group.as_str()).into());
            commands.push(Command::add_user(user.as_str()).profile("robot").group("all").into());
            commands.push(Command::add_resource(format!("project/{number}")).into());
            commands.push(Command::grant(Grantee::user(user.as_str()), "project/hub", ["read"]).into());
            commands.push(Command::grant(Grantee::group(group.as_str()), "project/hub", ["read"]).into());
            commands
                .push(Command::grant(Grantee::group("all"), format!("project/{number}"), ["read"]).into());
            commands.push(Command::join("user 0", group.as_str()).into());
        }
        let plan = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).extend(commands)).unwrap();
        let directory = plan.into_directory();
        let (all, first) =
            (directory.group_by_name("all").unwrap(), directory.user_by_name("user 0").unwrap());
        let hub = Target::Resource(directory.resource_by_name("project/hub").unwrap());
        for size in [1, 2, 7, count] {
            let pages = |ask: &dyn Fn(Option<GranteeId>) -> Vec<GranteeId>| {
                let mut seen = Vec::new();
                loop {
                    let page: Vec<_> = ask(seen.last().copied()).into_iter().take(size).collect();
                    if page.is_empty() {
                        return seen;
                    }
                    seen.extend(page);
                }
            };
            let members = pages(&|last| match last {
                Some(GranteeId::User(last)) => {
                    directory.members_of(all).after(last).map(GranteeId::User).collect()
                }
                _ => directory.members_of(all).map(GranteeId::User).collect(),
            });
            assert_eq!(members.len(), count);
            let groups = pages(&|last| match last {
                Some(GranteeId::Group(last)) => {
                    directory.groups_of(first).after(last).map(GranteeId::Group).collect()
                }
                _ => directory.groups_of(first).map(GranteeId::Group).collect(),
            });
            assert_eq!(groups.len(), count + 1);
            let grants = pages(&|last| {
                let all = directory.grants_on(hub);
                let rest = last.map_or(all.clone(), |last| all.after(last));
                rest.map(|grant| grant.to).collect()
            });
            assert_eq!(grants.len(), 2 * count);
            assert!(grants.is_sorted() && members.is_sorted() && groups.is_sorted());
        }
        // The size hint of an iterator is right, at its beginning and after each item.
        let (mut left_of_all, mut left_of_first) = (directory.members_of(all), directory.groups_of(first));
        for left in (0..=count).rev() {
            assert!(is_within(left, left_of_all.size_hint()), "{left}: {left_of_all:?}");
            assert!(is_within(left + 1, left_of_first.size_hint()), "{left}: {left_of_first:?}");
            assert_eq!(left_of_all.next().is_some(), left > 0);
            assert!(left_of_first.next().is_some());
        }
        assert_eq!((left_of_first.next(), left_of_first.size_hint()), (None, (0, Some(0))));
        assert_eq!(directory.grants_of(GranteeId::Group(all)).count(), count);
    }
}

fn is_within(count: usize, (least, most): (usize, Option<usize>)) -> bool {
    least <= count && most.is_none_or(|most| count <= most)
}
