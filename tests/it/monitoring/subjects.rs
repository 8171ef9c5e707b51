//! The subjects of events.

use std::collections::BTreeSet;

use super::{events, read};
use crate::generate::Mix;
use crate::history::world;
use crate::random::for_all_histories;
use crate::side_by_side::{empty, plan};
use entitle::Timestamp;
use entitle::change::{Commit, Event, Subject};
use serde_json::Value;

/// The list of events in this module has every variant, so that no test leaves one out.
#[test]
fn every_event_is_listed() {
    let source = include_str!("../../../src/change/event.rs");
    let named = source.split("} => \"").skip(1).filter_map(|rest| rest.split_once('"'));
    let named: BTreeSet<&str> = named.map(|(name, _)| name).collect();
    let events: Vec<Event> = events().iter().map(|(event, _)| read(event)).collect();
    let listed: BTreeSet<&str> = events.iter().map(Event::name).collect();
    assert!(named.len() > 40, "only {named:?} are found");
    assert_eq!(listed, named);
}

#[test]
fn every_event_has_its_subjects() {
    for (event, expected) in events() {
        let event = read(&event);
        let subjects: Vec<String> = event.subjects().map(|subject| subject.to_string()).collect();
        assert_eq!(subjects.join(" "), expected, "{event:?}");
    }
}

#[test]
fn targets_are_resources_kinds_or_everything() {
    let of = |on: &str| {
        let event =
            format!(r#"{{ "grant_changed": {{ "to": "everyone", "on": "{on}", "permissions": [] }} }}"#);
        let event: Event = serde_json::from_str(&event).unwrap();
        event.subjects().map(|subject| format!("{subject:?}")).collect::<Vec<_>>()
    };
    assert_eq!(of("project/a/b"), ["Everyone", r#"Resource("project/a/b")"#]);
    assert_eq!(of("project/a/*"), ["Everyone", r#"Resource("project/a/*")"#]);
    assert_eq!(of("project/*"), ["Everyone", r#"Kind("project")"#]);
    assert_eq!(of("instance"), ["Everyone", r#"Resource("instance")"#]);
    assert_eq!(of("*"), ["Everyone", "Everything"]);
}

#[test]
fn a_commit_has_each_subject_once() {
    let name = |name| entitle::Name::new(name).unwrap();
    let left = |user| Event::Left { user: name(user), group: name("data") };
    let commit = Commit {
        revision: 1,
        at: Timestamp::EPOCH,
        actor: None,
        by: String::new(),
        events: vec![left("bob"), left("ada"), Event::UserReinstated { user: name("bob") }],
    };
    let expected = [Subject::User("ada"), Subject::User("bob"), Subject::Group("data")];
    assert!(commit.subjects().eq(expected));
}

/// True for the events that change others than those that they name: the members of a group, the former owner, whoever
/// had something from a role, or referred to a name that is gone.
fn reaches_others(event: &Event) -> bool {
    matches!(
        event,
        Event::GroupAdded { .. }
            | Event::GroupRemoved { .. }
            | Event::UserRemoved { .. }
            | Event::UserRenamed { .. }
            | Event::OwnerChanged { .. }
            | Event::ResourceRemoved { .. }
            | Event::RoleSet { .. }
            | Event::RoleRemoved { .. }
    )
}

/// Every user, group, resource and key that differs after a commit is named by its events, unless one of them reaches
/// others.
#[test]
fn the_subjects_of_a_commit_cover_the_difference() {
    for_all_histories(8, Mix::All, 40, |history| {
        let mut directory = empty(&history.catalog);
        let mut now = 0;
        for step in &history.steps {
            let at = u64::saturating_add_signed(now, step.wait);
            now = now.max(at);
            let commands: Vec<Value> =
                step.commands.iter().map(|command| crate::generate::resolve(command, at)).collect();
            let Ok(plan) = plan(&directory, at, step.policy.for_library(), &commands) else { continue };
            let Some(commit) = plan.commit() else { continue };
            let difference = directory.diff(plan.directory());
            let subjects: BTreeSet<Subject<'_>> = commit.subjects().collect();
            if !commit.events.iter().any(reaches_others) {
                let users = difference.users.iter().map(|found| Subject::User(&found.name));
                let groups = difference.groups.iter().map(|found| Subject::Group(&found.name));
                let resources = difference.resources.iter().map(|found| Subject::Resource(&found.name));
                let keys = difference.keys.iter().map(|found| Subject::Key(&found.name));
                let unnamed =
                    users.chain(groups).chain(resources).chain(keys).find(|one| !subjects.contains(one));
                if let Some(unnamed) = unnamed {
                    return Err(format!("{unnamed} is not among {subjects:?} of {commit:?}\n{history:?}"));
                }
            }
            directory = plan.into_directory();
        }
        Ok(())
    });
}

#[test]
fn all_events_of_the_small_history_have_subjects() {
    let (_, commits) = world::small();
    let events: Vec<&Event> = commits.iter().flat_map(|commit| &commit.events).collect();
    assert!(events.len() > 30, "only {events:?}");
    assert!(events.iter().all(|event| event.subjects().next().is_some()));
}
