//! `entitle test`: several files, comparison, JUnit and watching.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::{Value, json};

use super::{entitle, file, folder};

/// A scenario with a user and a question about who may read.
fn asking(expected: &Value) -> String {
    let steps = json!([
        { "do": [{ "add_user": { "user": "ada" } }, { "add_user": { "user": "bob" } },
                 { "add_resource": { "resource": "project/a" } },
                 { "grant": { "to": "everyone", "on": "project/a", "permissions": ["read"] } }] },
        { "note": "who <reads> & why", "users": { "on": "project/a", "permission": "read" }, "is": expected },
    ]);
    let catalog = json!({ "kinds": { "project": { "permissions": ["read"] } },
        "profiles": { "reader": { "seat": "exempt" } }, "default_profile": "reader" });
    json!({ "entitle": 1, "catalog": catalog, "steps": steps }).to_string()
}

#[test]
fn files_are_reported_in_their_order_with_what_differs() {
    let folder = folder("order");
    let right = asking(&json!(["ada", "bob"]));
    let wrong = asking(&json!(["ada", "eve"]));
    let files: Vec<String> = (0..12)
        .map(|number| file(&folder, &format!("{number}.json"), if number == 7 { &wrong } else { &right }))
        .collect();
    let broken = file(&folder, "broken.json", "{");
    let junit = folder.join("junit.xml");
    let mut words: Vec<&str> = vec!["test", "--junit", junit.to_str().unwrap()];
    words.extend(files.iter().map(String::as_str));
    let ran = entitle(&words);
    assert_eq!(ran.code, 1);
    let places: Vec<usize> = files.iter().map(|file| ran.out.find(&format!("{file}: ")).unwrap()).collect();
    assert!(places.is_sorted(), "{}", ran.out);
    assert!(ran.out.contains("  differs:  -\"eve\" +\"bob\"\n"), "{}", ran.out);
    assert!(ran.out.contains("  note:     who <reads> & why\n"), "{}", ran.out);

    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(
        xml.contains(r#"<testsuites name="entitle" tests="24" skipped="0" failures="1" errors="0""#),
        "{xml}"
    );
    assert!(xml.contains("who &lt;reads&gt; &amp; why"), "{xml}");
    assert_eq!(xml.matches("<testcase name=\"step 2\"").count(), 12);

    words.push(&broken);
    let ran = entitle(&words);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("broken.json: ") && ran.out.contains("0.json: 2 steps passed"), "{}", ran.err);
    assert!(std::fs::read_to_string(&junit).unwrap().contains(r#"errors="1""#));
}

/// The steps after a change that failed were not run, and are not said to have passed.
#[test]
fn steps_that_were_not_run_are_skipped_in_junit() {
    let folder = folder("skipped");
    let text = asking(&json!(["ada", "bob"]))
        .replace("\"add_user\":{\"user\":\"bob\"}", "\"suspend\":{\"user\":\"bob\"}");
    let (file, junit) = (file(&folder, "fails.json", &text), folder.join("junit.xml"));
    assert_eq!(entitle(&["test", &file, "--junit", junit.to_str().unwrap()]).code, 1);
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(xml.contains(r#"tests="2" skipped="1" failures="1""#) && xml.contains("<skipped/>"), "{xml}");
    assert!(xml.contains("<failure"), "{xml}");
}

/// How long a line may take, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is ended with the test, also if that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file that is replaced, as editors do, is run again.
#[test]
fn a_watched_file_is_run_again() {
    let folder = folder("watch");
    let path = file(&folder, "watched.json", &asking(&json!(["ada"])));
    let mut child = Command::new(env!("CARGO_BIN_EXE_entitle"));
    let mut child = Running(child.args(["test", "--watch", &path]).stdout(Stdio::piped()).spawn().unwrap());
    let (send, lines) = channel();
    let out = BufReader::new(child.0.stdout.take().unwrap());
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    let until = |text: &str| while !lines.recv_timeout(PATIENCE).expect(text).contains(text) {};
    until("differs:");
    until("waiting for a change");
    let new = file(&folder, "new.json", &asking(&json!(["ada", "bob"])));
    std::fs::rename(new, &path).unwrap();
    until("2 steps passed");
}
