//! Every command answers alike, whatever the source is.

use entitle::Directory;
use entitle::journal::postgres::Postgres;
use entitle::journal::{RedbJournal, Snapshots as _};

use super::{entitle, folder, redb, scenario, store};
use crate::history::world;
use crate::postgres::server::TestDatabase;

/// Questions that a directory answers.
pub(super) const QUESTIONS: &[&[&str]] = &[
    &["check", "--who", "user:ada", "--on", "project/churn", "--permission", "write"],
    &["explain", "--who", "user:eve", "--on", "project/churn", "--permission", "read"],
    &["who", "--on", "project/churn", "--permission", "read"],
    &["what", "--who", "user:ada", "--kind", "project", "--permission", "read"],
    &["permissions", "--who", "user:ada", "--on", "project/churn"],
    &["seats"],
    &["seats", "--user", "dee"],
    &["seats", "--users-csv"],
    &["review"],
    &["review", "--who", "user:ada"],
    &["review", "--on", "project/churn"],
    &["advise"],
    &["ending", "--through", "1970-01-02"],
    &["catalog", "show"],
    &["export"],
];

/// Questions that need a history.
pub(super) const OF_HISTORY: &[&[&str]] = &[
    &["history"],
    &["history", "--who", "ada"],
    &["history", "--why", "--who", "user:ada", "--on", "project/churn", "--permission", "read"],
    &["review", "--grants"],
    &["review", "--last-commit"],
    &["usage"],
    &["usage", "--period", "day"],
    &["diff", "--from", "2", "--to", "5"],
    &["diff", "--from", "2", "--access"],
    &["export", "--commits"],
];

/// Runs a question of a source, which comes before the options: exit code and output.
pub(super) fn ask(question: &[&str], source: &[&str], more: &[&str]) -> (i32, String) {
    let split = question.iter().position(|word| word.starts_with('-')).unwrap_or(question.len());
    let words = [&question[..split], source, &question[split..], more].concat();
    let ran = entitle(&words);
    let empty = ran.out.is_empty() && !["nothing found\n", "no differences\n"].contains(&ran.err.as_str());
    assert!(ran.code < 2 && !empty, "{words:?}: {}{}", ran.out, ran.err);
    (ran.code, ran.out)
}

/// Compares the answers of the sources in all forms, at a moment.
fn agree(questions: &[&[&str]], sources: &[Vec<&str>], at: &[&str]) {
    for question in questions {
        for form in [&[][..], &["--json"], &["--csv"]] {
            let has_form = !question.contains(&"export") && !question.contains(&"--users-csv");
            let no_csv = question.contains(&"--user") || ["explain", "check"].contains(&question[0]);
            let is_seat = no_csv && question[0] != "history";
            if (!form.is_empty() && !has_form) || (form == ["--csv"] && is_seat) {
                continue;
            }
            let more = [form, at].concat();
            let (first, others) = sources.split_first().unwrap();
            let expected = ask(question, first, &more);
            if form == ["--json"] {
                serde_json::from_str::<serde_json::Value>(&expected.1).unwrap();
            }
            for source in others {
                assert_eq!(ask(question, source, &more), expected, "{question:?} {source:?} {more:?}");
            }
        }
    }
}

#[test]
fn sources_in_files_agree() {
    let folder = folder("sources");
    let file = scenario(&folder);
    let with_snapshots = redb(&folder, "snapshots.redb", &[3, 8]);
    let without = redb(&folder, "plain.redb", &[]);
    let path = folder.join("plain.redb");
    let journals = [
        vec![file.as_str()],
        vec![with_snapshots.as_str()],
        vec![without.as_str(), "--catalog", &file],
        // The prefix may be left out: a redb file is told by its content.
        vec![path.to_str().unwrap(), "--catalog", &file],
    ];
    agree(QUESTIONS, &journals, &[]);
    agree(OF_HISTORY, &journals, &[]);
    agree(&QUESTIONS[4..6], &journals, &["--at", "6"]);

    let (lines, binary) = (folder.join("stored.jsonl"), folder.join("stored.bin"));
    let (lines, binary) = (lines.to_str().unwrap(), binary.to_str().unwrap());
    entitle(&["export", &file, "--to", lines]).ok();
    entitle(&["export", &with_snapshots, "--binary", "--to", binary]).ok();
    agree(QUESTIONS, &[vec![file.as_str()], vec![lines], vec![binary]], &[]);
    assert_eq!(Directory::read_from(&std::fs::read(lines).unwrap()[..]).unwrap(), world::small().0[8]);
    // What is there is not overwritten.
    let error = entitle(&["export", &file, "--to", lines]).invalid();
    assert!(error.contains("the file exists already"), "{error}");
    // A source without a history makes no file.
    let commits = folder.join("commits.jsonl");
    let error = entitle(&["export", lines, "--commits", "--to", commits.to_str().unwrap()]).invalid();
    assert!(error.contains("has no history"), "{error}");
    entitle(&["export", &file, "--commits", "--to", commits.to_str().unwrap()]).ok();
    assert_eq!(std::fs::read_to_string(&commits).unwrap().lines().count(), 8);
    assert!(!folder.join("commits.jsonl.part").exists());
    let nowhere = folder.join("none").join("out.jsonl");
    let error = entitle(&["export", &file, "--to", nowhere.to_str().unwrap()]).invalid();
    assert!(error.contains("out.jsonl.part: No such file"), "{error}");
}

#[test]
fn postgresql_agrees() {
    let Some(database) = TestDatabase::new("command_line") else { return };
    let url = database.url();
    let postgres = Postgres::connect(&url).unwrap();
    let error = entitle(&["seats", &url, "--tenant", "acme"]).invalid();
    assert!(
        error.contains("the database has no tables of the platform: check that the connection string"),
        "{error}"
    );
    assert!(!error.contains("::"), "{error}");
    postgres.migrate().unwrap();
    for words in [vec!["seats", &url], vec!["seats", &url, "--tenant", "acme"]] {
        let error = entitle(&words).invalid();
        assert!(error.contains("there is no tenant yet: `entitle import` makes one"), "{error}");
    }
    postgres.provision("acme").unwrap();
    store(&postgres.journal("acme").unwrap(), &[3, 8]);
    let folder = folder("postgresql");
    let file = scenario(&folder);
    let sources = [vec![file.as_str()], vec![url.as_str(), "--tenant", "acme"]];
    agree(QUESTIONS, &sources, &[]);
    agree(OF_HISTORY, &sources, &[]);
    agree(&QUESTIONS[..7], &sources, &["--at", "6"]);
    let verified = entitle(&["verify", &url, "--tenant", "acme"]).ok();
    assert!(verified.contains("ok: the snapshot of revision 8"), "{verified}");

    let error = entitle(&["seats", &url]).invalid();
    assert!(error.contains("name the tenant with `--tenant NAME`; 1 of them: `acme`"), "{error}");
    let error = entitle(&["seats", &url, "--tenant", "acmee"]).invalid();
    assert!(error.contains("unknown tenant `acmee`; did you mean `acme`?"), "{error}");
    let error = entitle(&["seats", &url, "--tenant", "zzzzzz"]).invalid();
    assert!(error.contains("unknown tenant `zzzzzz`; 1 of them: `acme`"), "{error}");
    postgres.provision("acmes").unwrap();
    let error = entitle(&["seats", &url, "--tenant", "acmee"]).invalid();
    assert!(error.contains("did you mean `acme` or `acmes`?"), "{error}");
}

/// Every state is found again: by its revision, by a time, from a snapshot and from the beginning.
#[test]
fn earlier_states_are_those_that_were() {
    let folder = folder("earlier");
    let (directories, commits) = world::small();
    let sources = [redb(&folder, "some.redb", &[3, 8]), redb(&folder, "none.redb", &[]), scenario(&folder)];
    let file = sources[2].clone();
    for source in &sources {
        for commit in &commits {
            let revision = usize::try_from(commit.revision).unwrap();
            let mut expected = Vec::new();
            directories[revision].write_to(&mut expected).unwrap();
            let expected = String::from_utf8(expected).unwrap();
            let later =
                commits.get(revision).map_or(commit.at.as_millis() + 9, |next| next.at.as_millis() - 1);
            let time = |millis: u64| format!("1970-01-01T00:00:00.{millis:03}Z");
            for at in [commit.revision.to_string(), time(commit.at.as_millis()), time(later)] {
                let found = entitle(&["export", source, "--catalog", &file, "--at", &at]).ok();
                assert_eq!(found, expected, "{source} at {at}");
            }
        }
        let error = entitle(&["seats", source, "--catalog", &file, "--at", "99"]).invalid();
        assert!(error.contains("there is no revision 99: the last one is 8"), "{error}");
    }
}

/// What was compacted away is an error, and what is left is still read.
#[test]
fn a_compacted_history_says_where_it_begins() {
    let folder = folder("compacted");
    let source = redb(&folder, "compacted.redb", &[3, 6]);
    let whole = redb(&folder, "whole.redb", &[8]);
    let journal = RedbJournal::open(folder.join("compacted.redb")).unwrap();
    assert_eq!(journal.compact(5).unwrap(), 5);
    drop(journal);

    for question in QUESTIONS {
        assert_eq!(ask(question, &[&source], &[]), ask(question, &[&whole], &[]), "{question:?}");
    }
    assert_eq!(ask(&["seats"], &[&source], &["--at", "7"]), ask(&["seats"], &[&whole], &["--at", "7"]));
    let error = entitle(&["seats", &source, "--at", "5"]).invalid();
    assert!(
        error.contains("the state at revision 5 cannot be read: the commits up to revision 5 were removed"),
        "{error}"
    );
    let history = entitle(&["history", &source, "--csv"]);
    assert!(history.err.contains("the history begins after revision 5"), "{}", history.err);
    let first = history.ok();
    assert!(first.lines().nth(1).unwrap().starts_with("6,"), "{first}");
    // Usage is measured from the snapshot on.
    let usage = entitle(&["usage", &source]);
    assert!(usage.err.contains("after revision 6"), "{}", usage.err);
    let verified = entitle(&["verify", &source]).ok();
    assert!(verified.contains("ok: the commits after revision 6 were replayed to revision 8"), "{verified}");
}
