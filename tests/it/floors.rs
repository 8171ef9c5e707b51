//! The floors of the crate: nothing imports from a floor above its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of each floor, the lowest first.
const FLOORS: &[&[&str]] = &[
    &["id", "limits", "name", "time", "wire"],
    &["catalog"],
    &["seats"],
    &["directory"],
    &["authorize", "report"],
    &["change"],
    &["authority", "journal", "snapshot"],
    &["scenario", "bin", "docs"],
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// Every source file, by its path inside of `src`.
fn sources() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&root).unwrap().to_path_buf();
                sources.insert(inside, fs::read_to_string(&path).unwrap());
            }
        }
    }
    sources
}

/// The module that a file belongs to: its folder in `src`, or its own name.
fn module_of(file: &Path) -> String {
    let first = file.components().next().unwrap();
    Path::new(&first).file_stem().unwrap().to_str().unwrap().to_string()
}

/// What stands in the way of the first name of a path: the item itself, or a list of them.
fn first_names(path: &str) -> Vec<&str> {
    let end = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let Some(list) = path.strip_prefix('{') else { return vec![&path[..end(path)]] };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (place, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(&list[start..place]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(&list[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    let trimmed = names.into_iter().map(str::trim).filter(|name| !name.is_empty());
    trimmed.map(|name| &name[..end(name)]).collect()
}

/// The source without its comments, which may point anywhere.
fn without_comments(source: &str) -> String {
    let code = source.lines().map(|line| line.find("//").map_or(line, |comment| &line[..comment]));
    code.collect::<Vec<_>>().join("\n")
}

/// What a file takes from the root of the crate: after `crate::`, or after enough `super::`.
fn roots<'a>(file: &Path, code: &'a str) -> Vec<&'a str> {
    let mut found: Vec<&str> = code
        .match_indices("crate::")
        .flat_map(|(place, word)| first_names(&code[place + word.len()..]))
        .collect();
    // The root of the crate is one level above a file `x.rs` or `x/mod.rs`, and two above `x/y.rs`.
    let depth = file.components().count() - usize::from(file.ends_with("mod.rs"));
    let climb = "super::".repeat(depth);
    for line in code.lines().filter(|line| !line.starts_with(' ')) {
        if let Some((_, path)) = line.split_once(&format!("use {climb}")) {
            found.extend(first_names(path));
        }
    }
    found
}

/// Which module each name that the root exports comes from, so that no import hides behind it.
fn exports(root: &str) -> BTreeMap<&str, &str> {
    let mut exports = BTreeMap::new();
    for statement in root.split("pub use crate::").skip(1) {
        let Some((path, _)) = statement.split_once(';') else { continue };
        let Some((module, items)) = path.split_once("::") else { continue };
        for name in items.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty()) {
            exports.insert(name, module);
        }
    }
    exports
}

/// Every import of a file that points upward, or to what has no floor.
fn upward(file: &Path, source: &str, exports: &BTreeMap<&str, &str>) -> Vec<String> {
    let module = module_of(file);
    if module == "lib" {
        return Vec::new();
    }
    let Some(own) = floor(&module) else { return vec![format!("{module} has no floor")] };
    let code = without_comments(source);
    let mut wrong = Vec::new();
    for name in roots(file, &code) {
        let from = exports.get(name).copied().unwrap_or(name);
        match floor(from) {
            Some(other) if other <= own => {}
            Some(_) => wrong.push(format!("{} imports {from}", file.display())),
            None => wrong.push(format!("{} imports {name}, which has no floor", file.display())),
        }
    }
    wrong
}

#[test]
fn no_import_points_upward() {
    let sources = sources();
    let exports = exports(&sources[Path::new("lib.rs")]);
    assert_eq!(exports.get("Directory"), Some(&"directory"), "the exports of the root are not understood");
    let wrong: Vec<String> =
        sources.iter().flat_map(|(file, source)| upward(file, source, &exports)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_layers_that_must_not_know_each_other_do_not() {
    // These follow from the floors, and are what the floors are for.
    for (module, never) in [("authorize", "change"), ("seats", "directory"), ("catalog", "seats")] {
        assert!(floor(module) < floor(never), "{module} may not import {never}");
    }
}

#[test]
fn a_planted_import_is_found() {
    let exports = BTreeMap::from([("Plan", "change")]);
    let file = Path::new("seats/planted.rs");
    for planted in [
        "use crate::directory::Directory;",
        "use crate::{catalog::Catalog, directory::{Directory, Members}, time::Timestamp};",
        "fn plan() -> crate::change::Plan {}",
        "use crate::Plan;",
        "use super::super::directory::Directory;",
        "pub(crate) use super::super::{catalog, directory};",
        "use crate::unheard_of::Thing;",
    ] {
        assert_eq!(upward(file, planted, &exports).len(), 1, "{planted}");
    }
    for fine in ["use crate::catalog::Catalog;", "// use crate::change::Plan;", "use super::ledger::Ledger;"]
    {
        assert_eq!(upward(file, fine, &exports), Vec::<String>::new(), "{fine}");
    }
    assert_eq!(upward(Path::new("authorize/mod.rs"), "use super::change::Plan;", &exports).len(), 1);
    assert_eq!(upward(Path::new("unheard_of.rs"), "", &exports).len(), 1);
}
