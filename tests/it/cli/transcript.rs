//! The transcripts in the guides and in the readme: each command is run, and its output compared.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::folder;

const PAGE: &str = include_str!("../../../src/docs/command_line.md");
const README: &str = include_str!("../../../README.md");

/// A command of a transcript and what it writes.
struct Step<'a> {
    command: &'a str,
    written: String,
}

/// Returns the commands in the blocks of a page that are marked as `console`.
fn steps(page: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step { command, written: String::new() }),
                None => writeln!(steps.last_mut().unwrap().written, "{line}").unwrap(),
            }
        }
    }
    steps
}

/// Writes the list of a thousand users that the page imports.
fn write_users(folder: &Path) {
    let mut text = "user,email,profile,groups\n".to_owned();
    for number in 1..=1000 {
        let user = match number {
            1 => "ada".to_owned(),
            2 => "bob".to_owned(),
            3 => "cyd".to_owned(),
            _ => format!("user{number:04}"),
        };
        let profile = if number != 3 && number <= 21 { "designer" } else { "reader" };
        let group = if number <= 12 { "data".to_owned() } else { format!("team-{}", (number - 1) % 10) };
        writeln!(text, "{user},{user}@acme.example,{profile},{group}").unwrap();
    }
    std::fs::write(folder.join("users.csv"), text).unwrap();
}

/// Runs a command in a folder: its output and errors, and its exit code.
fn run(command: &str, folder: &Path, last: i32) -> (String, i32) {
    let program = Path::new(env!("CARGO_BIN_EXE_entitle")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let command = format!("exec 2>&1; {}", command.replace("$?", &last.to_string()));
    let output =
        Command::new("sh").args(["-c", &command]).current_dir(folder).env("PATH", path).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// Runs the commands one after the other. A file that a page shows and nothing made is written first.
fn replay(page: &str, folder: &Path) -> usize {
    let mut last = 0;
    let steps = steps(page);
    for Step { command, written } in &steps {
        if let Some(name) = command.strip_prefix("cat ").filter(|name| !folder.join(name).exists()) {
            std::fs::write(folder.join(name), written).unwrap();
        }
        let (found, code) = run(command, folder, last);
        assert_eq!(&found, written, "$ {command}");
        last = code;
    }
    steps.len()
}

#[test]
fn the_transcripts_are_what_the_commands_write() {
    let folder = folder("transcript");
    write_users(&folder);
    assert!(replay(PAGE, &folder) > 25);
    assert!(replay(README, &folder) >= 5);
}
