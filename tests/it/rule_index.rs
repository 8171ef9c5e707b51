//! The page that leads from each rule to its tests is complete, and every test on it exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SPECIFICATION: &str = include_str!("../../src/docs/specification.md");
const PAGE: &str = include_str!("../README.md");

/// The numbers of the rules, which the specification prints in bold.
fn rules() -> BTreeSet<&'static str> {
    let bold = SPECIFICATION.split("**").skip(1).step_by(2);
    let number = |title: &'static str| title.split(['.', ' ']).next().unwrap();
    let is_rule = |number: &&str| {
        let digits = number.trim_start_matches(|c: char| c.is_ascii_uppercase());
        digits.len() + 1 == number.len() && digits.parse::<u8>().is_ok()
    };
    bold.map(number).filter(is_rule).collect()
}

/// The rows of the page: a rule and its tests, each with the path of its module.
fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let tests = |tests: &'static str| tests.split('`').skip(1).step_by(2).collect();
    rows.filter(|(rule, _)| *rule != "rule").map(|(rule, named)| (rule, tests(named))).collect()
}

/// The text of a module of this crate.
fn module(path: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let file = folder.join(path.replace("::", "/"));
    let files: [PathBuf; 2] = [file.with_extension("rs"), file.join("mod.rs")];
    files.iter().find_map(|file| fs::read_to_string(file).ok())
}

#[test]
fn every_rule_has_tests() {
    let listed: BTreeSet<&str> =
        rows().iter().filter(|(_, tests)| !tests.is_empty()).map(|row| row.0).collect();
    assert!(rules().len() > 40, "only {:?} are found", rules());
    assert_eq!(listed, rules());
}

/// The specification has a line for each event, by its name.
#[test]
fn every_event_is_in_the_table() {
    let source = include_str!("../../src/change/event.rs");
    let names = source.split("} => \"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(name, _)| name);
    let (_, table) = SPECIFICATION.split_once("# Events\n").unwrap();
    let (table, _) = table.split_once("# Refusal codes\n").unwrap();
    let listed =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name);
    let names: BTreeSet<&str> = names.collect();
    assert!(names.len() > 40, "only {names:?} are found");
    assert_eq!(listed.collect::<BTreeSet<_>>(), names);
}

#[test]
fn every_test_on_the_page_exists() {
    for (rule, tests) in rows() {
        for test in tests {
            let (path, name) = test.rsplit_once("::").unwrap();
            let text = module(path).unwrap_or_else(|| panic!("{rule}: there is no module `{path}`"));
            assert!(text.contains(&format!("fn {name}(")), "{rule}: there is no test `{test}`");
        }
    }
}
