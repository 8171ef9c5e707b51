//! The floors of the crate: nothing imports from a floor above its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of each floor, the lowest first.
const FLOORS: &[&[&str]] = &[
    &["id", "limits", "name", "nearest", "time", "visible", "wire"],
    &["catalog"],
    &["seats"],
    &["directory"],
    &["authorize", "report"],
    &["change"],
    &["authority", "journal", "snapshot", "usage"],
    &["scenario", "bin", "docs"],
];

/// The rooms of the directory, the lowest first; `Directory` is the type itself, which the later rooms extend.
const ROOMS: &[&[&str]] = &[
    &["model"],
    &["storage"],
    &["registry"],
    &["rights"],
    &["Directory"],
    &["query"],
    &["mutate"],
    &["content", "resolve"],
    &["parts"],
    &["diff", "restore"],
    &["audit"],
];

fn room(module: &str) -> Option<usize> {
    ROOMS.iter().position(|modules| modules.contains(&module))
}

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

/// The first name of a path, or of each path in a list.
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

/// The names that a file takes from a module: after the path of that module, or after enough `super::`.
///
/// The file is given by its path inside of the module.
fn names_from<'a>(module: &str, file: &Path, code: &'a str) -> Vec<&'a str> {
    let mut found: Vec<&str> = code
        .match_indices(module)
        .flat_map(|(place, word)| first_names(&code[place + word.len()..]))
        .collect();
    // The module is one level above a file `x.rs` or `x/mod.rs`, and two above `x/y.rs`.
    let depth = file.components().count() - usize::from(file.ends_with("mod.rs"));
    let climb = "super::".repeat(depth);
    for line in code.lines().filter(|line| !line.starts_with(' ')) {
        if let Some((_, path)) = line.split_once(&format!("use {climb}")) {
            found.extend(first_names(path));
        }
    }
    found
}

/// The module of each name that another module exports, so that an import by such a name is found too.
fn exports<'a>(source: &'a str, word: &str) -> BTreeMap<&'a str, &'a str> {
    let mut exports = BTreeMap::new();
    for statement in source.split(word).skip(1) {
        let Some((path, _)) = statement.split_once(';') else { continue };
        let Some((module, items)) = path.split_once("::") else { continue };
        for name in items.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty()) {
            exports.insert(name, module);
        }
    }
    exports
}

/// The imports of a file from a higher floor, or from a module without a floor.
fn upward(file: &Path, source: &str, exports: &BTreeMap<&str, &str>) -> Vec<String> {
    let module = module_of(file);
    if module == "lib" {
        return Vec::new();
    }
    let Some(own) = floor(&module) else { return vec![format!("{module} has no floor")] };
    let code = without_comments(source);
    let mut wrong = Vec::new();
    for name in names_from("crate::", file, &code) {
        let from = exports.get(name).copied().unwrap_or(name);
        match floor(from) {
            Some(other) if other <= own => {}
            Some(_) => wrong.push(format!("{} imports {from}", file.display())),
            None => wrong.push(format!("{} imports {name}, which has no floor", file.display())),
        }
    }
    wrong
}

/// The imports of a file of the directory from a higher room, or from a module without a room.
fn upward_in_directory(file: &Path, source: &str, exports: &BTreeMap<&str, &str>) -> Vec<String> {
    let module = module_of(file);
    if module == "mod" {
        return Vec::new();
    }
    let Some(own) = room(&module) else { return vec![format!("{module} has no room")] };
    let code = without_comments(source);
    let from = |name| exports.get(name).copied().unwrap_or(name);
    let names = names_from("crate::directory::", file, &code).into_iter().map(from);
    let wrong = names.filter(|from| room(from).is_none_or(|other| other > own));
    wrong.map(|from| format!("directory/{} imports {from}", file.display())).collect()
}

#[test]
fn no_import_points_upward() {
    let sources = sources();
    let exports = exports(&sources[Path::new("lib.rs")], "pub use crate::");
    assert_eq!(exports.get("Directory"), Some(&"directory"), "the exports of the root are not understood");
    let wrong: Vec<String> =
        sources.iter().flat_map(|(file, source)| upward(file, source, &exports)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_import_in_directory_points_upward() {
    let sources = sources();
    let exports = exports(&sources[Path::new("directory/mod.rs")], "use self::");
    assert_eq!(exports.get("UserRow"), Some(&"storage"), "the exports of the directory are not understood");
    let inside = |(file, source)| Some((Path::strip_prefix(file, "directory").ok()?, source));
    let files: Vec<(&Path, &String)> =
        sources.iter().map(|(file, source)| (file.as_path(), source)).filter_map(inside).collect();
    assert!(files.len() > ROOMS.len());
    let wrong: Vec<String> =
        files.into_iter().flat_map(|(file, source)| upward_in_directory(file, source, &exports)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_upward_import_in_directory_is_detected() {
    let exports = BTreeMap::from([("AuditError", "audit")]);
    let file = Path::new("storage/planted.rs");
    for planted in [
        "use crate::directory::Directory;",
        "use crate::directory::registry::Registry;",
        "use super::super::{mutate, storage::Table};",
        "fn audit() -> crate::directory::AuditError {}",
        "use crate::directory::unheard_of::Thing;",
    ] {
        assert_eq!(upward_in_directory(file, planted, &exports).len(), 1, "{planted}");
    }
    for fine in
        ["use crate::directory::model::UserStatus;", "use super::table::Table;", "use crate::id::UserId;"]
    {
        assert_eq!(upward_in_directory(file, fine, &exports), Vec::<String>::new(), "{fine}");
    }
    assert_eq!(upward_in_directory(Path::new("unheard_of.rs"), "", &exports).len(), 1);
}

#[test]
fn separate_concerns_are_on_ordered_floors() {
    // These follow from the floors, and are their purpose.
    for (module, never) in [("authorize", "change"), ("seats", "directory"), ("catalog", "seats")] {
        assert!(floor(module) < floor(never), "{module} may not import {never}");
    }
}

#[test]
fn an_upward_import_is_detected() {
    let exports = BTreeMap::from([("Plan", "change")]);
    let file = Path::new("seats/planted.rs");
    for planted in [
        "use crate::directory::Directory;",
        "use crate::{catalog::Catalog, directory::{Directory, MembershipRule}, time::Timestamp};",
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
