//! Events in the form of CloudEvents 1.0.

use super::{events, read};
use entitle::authorize::PrincipalName;
use entitle::change::{CloudEventError, CloudEventSource, Commit, Event};
use entitle::limits::{MAX_FIRST_TIME, MAX_TIME};
use entitle::{Name, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SOURCE: &str = "https://example.com/tenants/acme";

fn commit(at: Timestamp, events: Vec<Event>) -> Commit {
    let actor = Some(PrincipalName::User("eve".into()));
    Commit { revision: 7, at, actor, by: "ticket 4711".into(), events }
}

fn written(source: &CloudEventSource, commit: &Commit) -> Vec<Value> {
    source.events(commit).map(|event| serde_json::to_value(event).unwrap()).collect()
}

/// Checks what the standard asks of attributes: names of lower-case letters and digits, values that are strings without
/// forbidden characters and not empty, and the required ones present.
fn check_attributes(event: &Value) {
    let object = event.as_object().unwrap();
    for required in ["id", "source", "specversion", "type"] {
        assert!(object.contains_key(required), "{event}");
    }
    for (name, value) in object.iter().filter(|(name, _)| *name != "data") {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
        let text = value.as_str().unwrap_or_else(|| panic!("{name} of {event} is not a string"));
        assert!(!text.is_empty(), "{name} of {event}");
        let forbidden = |c: char| {
            let point = u32::from(c);
            point < 0x20
                || (0x7f..0xa0).contains(&point)
                || (0xfdd0..0xfdf0).contains(&point)
                || point % 0x10000 >= 0xfffe
        };
        assert!(!text.contains(forbidden), "{name} of {event}");
    }
    assert_eq!(object["specversion"], "1.0");
}

#[test]
fn every_event_is_a_cloud_event() {
    let source = CloudEventSource::new(SOURCE).unwrap();
    let all: Vec<Event> = events().iter().map(|(event, _)| read(event)).collect();
    let commit = commit(Timestamp::from_millis(1_767_268_800_000), all);
    let found = written(&source, &commit);
    assert_eq!(found.len(), events().len());
    for (index, (found, (event, subjects))) in found.iter().zip(events()).enumerate() {
        check_attributes(found);
        let expected = json!({
            "specversion": "1.0",
            "id": format!("7/{index}"),
            "source": SOURCE,
            "type": format!("dev.entitle.{}", event.as_object().unwrap().keys().next().unwrap()),
            "subject": subjects.split(' ').next(),
            "time": "2026-01-01T12:00:00Z",
            "datacontenttype": "application/json",
            "data": { "revision": 7, "as": "user:eve", "by": "ticket 4711", "event": event_as_stored(&event) },
        });
        assert_eq!(*found, expected);
        // The data can be read back.
        assert_eq!(read(&found["data"]["event"]), read(&event));
    }
    let ids: BTreeSet<&str> = found.iter().filter_map(|event| event["id"].as_str()).collect();
    assert_eq!(ids.len(), found.len());
}

/// The stored form, in which defaults are written or not as in a commit.
fn event_as_stored(event: &Value) -> Value {
    let commit = commit(Timestamp::EPOCH, vec![read(event)]);
    serde_json::to_value(&commit).unwrap()["events"][0].clone()
}

#[test]
fn a_commit_of_the_host_has_no_actor_and_no_text() {
    let source = CloudEventSource::new(SOURCE).unwrap();
    let event = Event::GroupRemoved { group: Name::new("data").unwrap() };
    let commit = Commit { actor: None, by: String::new(), ..commit(Timestamp::EPOCH, vec![event]) };
    let data = json!({ "revision": 7, "event": { "group_removed": { "group": "data" } } });
    assert_eq!(written(&source, &commit)[0]["data"], data);
}

#[test]
fn times_are_those_of_rfc_3339() {
    let source = CloudEventSource::new(SOURCE).unwrap();
    let time = |at| {
        let event = Event::GroupRemoved { group: Name::new("data").unwrap() };
        let event = written(&source, &commit(at, vec![event])).remove(0);
        check_attributes(&event);
        event.get("time").map(|time| time.as_str().unwrap().to_string())
    };
    let at = Timestamp::from_millis;
    assert_eq!(time(Timestamp::EPOCH).as_deref(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(time(at(951_782_399_999)).as_deref(), Some("2000-02-28T23:59:59.999Z"));
    assert_eq!(time(at(951_782_400_001)).as_deref(), Some("2000-02-29T00:00:00.001Z"));
    assert_eq!(time(MAX_FIRST_TIME).as_deref(), Some("9999-12-31T23:59:59.999Z"));
    // A year of five digits has no form there, and the attribute is optional.
    assert_eq!(time(at(MAX_FIRST_TIME.as_millis() + 1)), None);
    assert_eq!(time(MAX_TIME), None);
}

#[test]
fn unusual_names_are_subjects() {
    let source = CloudEventSource::new(SOURCE).unwrap();
    let longest = "x".repeat(256);
    let names =
        ["user:ada", "a\"b\\c", "名前 ❤", "*", "a/b", "a\u{fffe}b", "\u{fdd0}", "\u{1ffff}", &longest];
    for name in names {
        let user = Name::new(name).unwrap();
        let found = written(&source, &commit(Timestamp::EPOCH, vec![Event::UserReinstated { user }]));
        check_attributes(&found[0]);
        assert_eq!(found[0]["data"]["event"]["user_reinstated"]["user"], name);
        let text = serde_json::to_string(&found[0]).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), found[0]);
    }
    let subject = |name: &str| {
        let user = Name::new(name).unwrap();
        let commit = commit(Timestamp::EPOCH, vec![Event::UserReinstated { user }]);
        source.events(&commit).next().unwrap().subject().unwrap()
    };
    assert_eq!(subject("名前 ❤"), "user:名前 ❤");
    assert_eq!(subject("a\u{fffe}b"), "user:a\\u{fffe}b");
    // An event that no plan makes: its resource is no valid name.
    let of = |resource: &str| {
        let event = Event::ResourceRemoved { resource: resource.into() };
        let found = written(&source, &commit(Timestamp::EPOCH, vec![event])).remove(0);
        check_attributes(&found);
        found.get("subject").cloned()
    };
    assert_eq!(of(""), None);
    assert_eq!(of("project/a\nb"), Some(json!("project/a\\u{a}b")));
}

#[test]
fn sources_and_prefixes_are_checked() {
    let fine = [
        SOURCE,
        "/tenants/acme",
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "a%20b",
        "x#y",
        "?q=1&r=(2)",
    ];
    for uri in fine {
        assert!(CloudEventSource::new(uri).is_ok(), "{uri}");
    }
    for uri in ["", "our server", "a%2", "a%zz", "%", "x#y#z", "a\"b", "名前", "a\nb", "<x>", "{x}"] {
        let error = CloudEventError::Source { text: uri.into() };
        assert_eq!(CloudEventSource::new(uri), Err(error), "{uri}");
    }
    let source = || CloudEventSource::new(SOURCE).unwrap();
    for prefix in ["", ".", "com.", "com..example", "com example", "com_example", "名前"] {
        let error = CloudEventError::TypePrefix { text: prefix.into() };
        assert_eq!(source().type_prefix(prefix), Err(error), "{prefix}");
    }
    let own = source().type_prefix("com.example-2.access").unwrap();
    let event = Event::GroupRemoved { group: Name::new("data").unwrap() };
    let found = written(&own, &commit(Timestamp::EPOCH, vec![event]));
    assert_eq!(found[0]["type"], "com.example-2.access.group_removed");
}
