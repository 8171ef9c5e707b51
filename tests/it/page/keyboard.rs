//! Everything is reached and used without a mouse.

use serde_json::{Value, json};

use super::browser::Browser;
use super::worlds;

#[test]
fn the_tab_key_reaches_everything_in_order() {
    let page = worlds::page("tab", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    let expected = browser.eval("check.focusable().map(check.nameOf)");
    let expected: Vec<Value> = expected.as_array().unwrap().clone();
    assert!(expected.len() > 30, "{expected:?}");
    assert_eq!(expected[0], "a  Skip to access");
    for name in &expected {
        browser.press("Tab", 0);
        assert_eq!(browser.eval("check.nameOf(document.activeElement)"), *name);
        assert_eq!(browser.eval("check.outlined()"), true, "{name} has a visible focus");
        let seen = "(() => { const box = document.activeElement.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; })()";
        assert_eq!(browser.eval(seen), true, "{name} is in view");
    }
}

#[test]
fn arrow_keys_move_in_tables() {
    let page = worlds::page("arrows", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    browser.eval("check.sort('access', 0); check.table('access').focus()");
    let rows = browser.eval("Number(check.table('access').getAttribute('aria-rowcount'))").as_u64().unwrap();
    let mut go = |key: &str, modifiers: u8, row: u64, column: u64| {
        browser.press(key, modifiers);
        let active = browser.eval("check.active('access')");
        assert_eq!(
            (&active["row"], &active["column"], &active["seen"]),
            (&json!(row), &json!(column), &json!(true)),
            "{key}"
        );
    };
    go("ArrowDown", 0, 3, 0);
    go("ArrowDown", 0, 4, 0);
    go("ArrowRight", 0, 4, 1);
    go("End", 0, 4, 5);
    go("ArrowRight", 0, 4, 5);
    go("ArrowUp", 0, 3, 5);
    go("Home", 0, 3, 0);
    go("ArrowLeft", 0, 3, 0);
    go("End", 2, rows, 5);
    go("ArrowDown", 0, rows, 5);
    go("Home", 2, 2, 0);
    browser.press("PageDown", 0);
    let row = browser.eval("check.active('access').row").as_u64().unwrap();
    assert!((8..60).contains(&row), "a page down is row {row}");
    browser.press("PageUp", 0);
    assert_eq!(browser.eval("check.active('access').row"), 2);
}

#[test]
fn a_row_is_opened_and_closed_by_keys() {
    let page = worlds::page("keys", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    browser.eval("document.getElementById('access-search').focus()");
    browser.write("ada churn");
    assert_eq!(browser.eval("check.rows('access').length"), 1);
    browser.eval("check.table('access').focus()");
    browser.press("Enter", 0);
    assert_eq!(browser.eval("document.getElementById('details').open"), true);
    assert_eq!(browser.eval("document.getElementById('details').contains(document.activeElement)"), true);
    browser.press("Escape", 0);
    assert_eq!(browser.eval("document.getElementById('details').open"), false);
    assert_eq!(browser.eval("document.activeElement.id"), "access-table");
}

#[test]
fn a_heading_sorts_by_key_and_says_so() {
    let page = worlds::page("heading", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    browser.eval("check.table('access').querySelectorAll('thead button')[2].focus()");
    let state = "[check.table('access').tHead.rows[0].cells[2].ariaSort, document.getElementById('said').textContent, check.rows('access')[0][2]]";
    browser.press("Enter", 0);
    assert_eq!(browser.eval(state), json!(["ascending", "Sorted by Resource, ascending", "folder/team"]));
    browser.press("Enter", 0);
    assert_eq!(
        browser.eval(state),
        json!(["descending", "Sorted by Resource, descending", "project/pricing"])
    );
}

#[test]
fn tables_say_how_many_rows_they_have() {
    let page = worlds::page("aria", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    let tables = browser.eval(
        "[...document.querySelectorAll('table.rows')].map((table) => ({ role: table.getAttribute('role'), label: table.getAttribute('aria-label'),
            rows: Number(table.getAttribute('aria-rowcount')), columns: Number(table.getAttribute('aria-colcount')) === table.tHead.rows[0].cells.length,
            index: [...table.tBodies[1].rows].every((row, place) => Number(row.getAttribute('aria-rowindex')) === place + 2) }))",
    );
    let tables = tables.as_array().unwrap();
    assert_eq!(tables.len(), 5);
    for table in tables {
        assert_eq!(
            (&table["role"], &table["columns"], &table["index"]),
            (&json!("grid"), &json!(true), &json!(true)),
            "{table}"
        );
        assert!(
            table["rows"].as_u64().unwrap() > 1 && !table["label"].as_str().unwrap().is_empty(),
            "{table}"
        );
    }
    browser.eval("check.search('access', 'user:ada')");
    assert_eq!(
        browser.eval("Number(check.table('access').getAttribute('aria-rowcount'))"),
        4,
        "three resources and the heading"
    );
    let unnamed = browser.eval(
        "[...document.querySelectorAll('input, select')].filter((input) => input.labels.length === 0 || input.labels[0].textContent.trim() === '').length",
    );
    assert_eq!(unnamed, 0, "every field has a label");
}
