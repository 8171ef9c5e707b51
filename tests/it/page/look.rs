//! Contrast in both schemes, narrow and large pages, and paper.

use serde_json::json;

use super::browser::Browser;
use super::worlds;

/// Opens what is closed, so that its texts are measured too.
const OPEN: &str = "for (const details of document.querySelectorAll('details')) details.open = true;";

#[test]
fn texts_have_contrast_in_both_schemes() {
    let page = worlds::page("contrast", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    browser.eval(OPEN);
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.media(scheme, "screen");
        grounds.push(browser.eval("getComputedStyle(document.body).backgroundColor"));
        for part in ["document.body", "document.getElementById('details')"] {
            let found = browser.eval(&format!("check.contrasts({part})"));
            assert_eq!(found["poor"], json!([]), "{scheme}");
            let least = if part == "document.body" { 300 } else { 10 };
            assert!(found["measured"].as_u64().unwrap() > least, "{scheme}, {part}: {found}");
            browser.eval("check.search('access', 'user:ada churn'); check.table('access').tBodies[1].rows[0].cells[0].click(); document.querySelectorAll('dialog details').forEach((details) => { details.open = true; })");
        }
        assert_eq!(browser.eval("check.shapes()"), json!([]), "{scheme}");
        browser.eval("document.getElementById('details').close(); check.search('access', '')");
    }
    assert_ne!(grounds[0], grounds[1], "the schemes differ");
}

/// What no commit has ended yet is on the page as it was, and the page says so.
#[test]
fn a_page_of_an_old_state_says_so() {
    const YEAR: u64 = 365 * 24 * 60 * 60 * 1_000;
    for (name, now, is_old) in [("present", worlds::MARCH, false), ("old", worlds::SMALL_NOW + YEAR, true)] {
        let page = worlds::page(name, &worlds::small(), now);
        let Some(mut browser) = Browser::open(&page) else { return };
        let text = browser.eval("document.getElementById('subtitle').textContent");
        let said = text.as_str().unwrap().contains(" · what has ended since is still shown · license");
        assert_eq!(said, is_old, "{text}");
    }
}

#[test]
fn names_that_are_marked_have_contrast() {
    let page = worlds::page("marked", &worlds::hostile(), worlds::MARCH);
    let Some(mut browser) = Browser::open(&page) else { return };
    for scheme in ["light", "dark"] {
        browser.media(scheme, "screen");
        assert_eq!(browser.eval("check.contrasts(document.body).poor"), json!([]), "{scheme}");
    }
    assert!(browser.eval("document.querySelectorAll('.mark').length").as_u64().unwrap() > 3);
}

/// A window of 640 pixels is one of 1280 at a zoom of 200 %.
#[test]
fn nothing_is_cut_at_any_width_or_zoom() {
    for (name, world, now) in
        [("wide", worlds::small(), worlds::SMALL_NOW), ("wide-hostile", worlds::hostile(), worlds::MARCH)]
    {
        let page = worlds::page(name, &world, now);
        let Some(mut browser) = Browser::open(&page) else { return };
        for (width, height, zoom) in [(1280, 900, 1), (640, 450, 2), (390, 800, 1), (320, 256, 4)] {
            browser.size(width, height, zoom);
            browser.settle();
            browser.eval(OPEN);
            assert_eq!(browser.eval("check.cut()"), json!([]), "{name}, {width} pixels");
            browser.eval("check.choose('access-view', 'matrix')");
            assert_eq!(browser.eval("check.cut()"), json!([]), "{name}, {width} pixels, the matrix");
            browser.eval("check.choose('access-view', 'list')");
        }
    }
}

#[test]
fn details_fit_into_a_narrow_window() {
    let page = worlds::page("dialog", &worlds::hostile(), worlds::MARCH);
    let Some(mut browser) = Browser::open(&page) else { return };
    browser.size(320, 400, 2);
    browser.settle();
    browser.eval("check.table('access').tBodies[1].rows[1].cells[0].click()");
    let wide = "(() => { const dialog = document.getElementById('details'); const box = dialog.getBoundingClientRect();
        return [dialog.scrollWidth <= dialog.clientWidth, box.left >= 0, box.right <= innerWidth, box.bottom <= innerHeight]; })()";
    assert_eq!(browser.eval(wide), json!([true, true, true, true]));
}

#[test]
fn the_headings_of_tables_stay_in_view() {
    let page = worlds::page("sticky", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    browser.eval("check.scroll('access', 600)");
    let offset = browser.eval(
        "check.table('access').tHead.rows[0].cells[0].getBoundingClientRect().top - check.table('access').closest('.scroll').getBoundingClientRect().top",
    );
    assert!(offset.as_f64().unwrap().abs() <= 2.0, "the heading is {offset} below the top");
}

#[test]
fn paper_has_the_first_rows_of_the_filter_and_counts_the_rest() {
    let page = worlds::page("print", &worlds::large(), worlds::MARCH);
    let Some(mut browser) = Browser::open(&page) else { return };
    browser.eval("check.watchPrinting()");
    browser.print();
    let printed = browser.eval("window.printed");
    assert_eq!(printed["rows"], 1_000);
    assert_eq!(
        printed["note"],
        "The first 1,000 of 100,000 rows that pass the filter are printed; 99,000 are left out."
    );
    assert_eq!((&printed["changes"], &printed["open"]), (&json!(2), &json!(true)));
    assert!(
        browser.eval("check.rows('access').length").as_u64().unwrap() < 100,
        "afterward it scrolls again"
    );
    browser.eval("check.search('access', 'user 007')");
    browser.print();
    let printed = browser.eval("window.printed");
    assert_eq!((&printed["rows"], &printed["note"]), (&json!(649), &json!("")));
}

#[test]
fn paper_has_no_controls_and_cuts_nothing() {
    let page = worlds::page("paper", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    browser.media("dark", "print");
    browser.eval("dispatchEvent(new Event('beforeprint'))");
    let controls = "[...document.querySelectorAll('nav, .toolbar, .hint, .skip')].filter((element) => element.getClientRects().length > 0).length";
    assert_eq!(browser.eval(controls), 0);
    let scrolls = "[...document.querySelectorAll('.scroll, .wide-values')].filter((box) => getComputedStyle(box).overflowY !== 'visible').length";
    assert_eq!(browser.eval(scrolls), 0, "paper does not scroll");
    let cells = "[...document.querySelectorAll('.rows tbody td')].filter((cell) => getComputedStyle(cell).whiteSpace !== 'normal').length";
    assert_eq!(browser.eval(cells), 0, "cells wrap");
    browser.size(700, 1_000, 1);
    let wide = "[...document.querySelectorAll('.rows')].filter((table) => table.offsetWidth > table.parentElement.clientWidth).map((table) => table.id)";
    assert_eq!(browser.eval(wide), json!([]), "tables are as wide as the paper");
    assert_eq!(browser.eval("check.contrasts(document.body).poor"), json!([]), "also of a dark screen");
}
