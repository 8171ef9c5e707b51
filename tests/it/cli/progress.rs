//! Progress bars, on a terminal only.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{entitle, file, folder, redb, scenario};

/// The characters that clear the line of a bar.
const CLEARED: &str = "\r\u{1b}[2K";

/// Runs the command in a pseudo-terminal with its output in a file, and returns what the terminal received; `None` where no
/// `script` of util-linux is installed.
fn on_terminal(words: &[&str], output: &str) -> Option<String> {
    let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
    let words = [&[env!("CARGO_BIN_EXE_entitle")], words].concat();
    let words: Vec<String> = words.into_iter().map(quoted).collect();
    let line = format!("{} > {}", words.join(" "), quoted(output));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    let ran = script.env("TERM", "xterm").env("SHELL", "/bin/sh").stdin(Stdio::null()).output().ok()?;
    let shown = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{line}: {shown}");
    Some(shown)
}

/// Says that the test is left out, past the capture of its output.
fn left_out() {
    let required = std::env::var("ENTITLE_SCRIPT").is_ok_and(|value| value == "required");
    assert!(!required, "`script` is required and not installed");
    writeln!(std::io::stderr().lock(), "LEFT OUT: cli::progress: `script` of util-linux is not installed")
        .unwrap();
}

/// Each long command shows a bar that is cleared at the end, and none where the standard error is not a terminal.
#[test]
#[cfg(target_os = "linux")]
fn long_commands_show_a_bar_and_clear_it() {
    let folder = folder("progress");
    let (source, output) = (scenario(&folder), folder.join("output"));
    let (journal, output) = (redb(&folder, "journal.redb", &[]), output.to_str().unwrap());
    let group = file(&folder, "group.json", r#"{ "add_group": { "group": "bar" } }"#);
    let imported = redb(&folder, "imported.redb", &[]);
    let commands: [(&[&str], &[&str]); 8] = [
        (&["seats", &source], &["reading"]),
        (&["verify", &source], &["reading", "verifying"]),
        (&["verify", &journal, "--catalog", &source], &["reading", "verifying"]),
        (&["review", &source, "--csv"], &["reading", "reviewing"]),
        (&["report", &source, "--html"], &["reading", "explaining"]),
        (&["history", &journal, "--catalog", &source], &["reading"]),
        (&["export", &source], &["reading", "writing"]),
        (
            &["import", &group, &imported, "--yes", "--catalog", &source],
            &["reading", "planning", "committing"],
        ),
    ];
    for (words, bars) in commands {
        let Some(shown) = on_terminal(words, output) else { return left_out() };
        for bar in bars {
            assert!(shown.contains(&format!("{bar} ")), "{words:?} has no bar `{bar}`: {shown:?}");
        }
        assert!(shown.ends_with(CLEARED), "{words:?} leaves a bar: {shown:?}");
        // What was imported is there already, and is planned again.
        let ran = entitle(words);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}");
    }
}
