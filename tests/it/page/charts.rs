//! Every chart is drawn, and says what the tables say.

use serde_json::{Value, json};

use super::browser::Browser;
use super::worlds;

#[test]
fn seats_are_drawn_with_their_limits_and_what_is_over() {
    let page = worlds::page("charts", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    let bars = browser.eval("check.bars()");
    let expected = json!([
        { "profile": "designer", "text": "7 of 6 seats, 1 over", "held": 7, "reserved": 0, "over": 1, "limit": 6, "extra": null },
        { "profile": "analyst", "text": "8 of 5 seats", "held": 8, "reserved": 0, "over": 0, "limit": 5, "extra": 8 },
        { "profile": "reader", "text": "16 of 20 seats", "held": 15, "reserved": 1, "over": 0, "limit": 20, "extra": null },
    ]);
    assert_eq!(bars.to_string().replace(".0,", ","), expected.to_string());
    let values = browser.eval("check.values('seats')");
    let titles = browser
        .eval("[...document.querySelectorAll('#seats .values thead th')].map((cell) => cell.textContent)");
    let column = |title: &str| titles.as_array().unwrap().iter().position(|other| other == title).unwrap();
    for (row, bar) in values.as_array().unwrap().iter().zip(expected.as_array().unwrap()) {
        assert_eq!(row[0], bar["profile"]);
        for (title, field) in
            [("Licensed", "limit"), ("Held", "held"), ("Reserved", "reserved"), ("Over", "over")]
        {
            assert_eq!(row[column(title)].as_str().unwrap(), bar[field].to_string(), "{title} of {row}");
        }
    }
}

#[test]
fn usage_is_drawn_with_the_licensed_line() {
    let page = worlds::page("usage", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    let lines = browser.eval("check.lines()");
    let values = browser.eval("check.values('usage')");
    let labels: Vec<&str> =
        lines.as_array().unwrap().iter().map(|line| line["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["designer", "analyst", "reader", "all counted profiles"]);
    for line in lines.as_array().unwrap() {
        let rows: Vec<&Value> =
            values.as_array().unwrap().iter().filter(|row| row[0] == line["label"]).collect();
        assert_eq!(rows.len(), 5, "March to July");
        assert_eq!(line["dots"], 5);
        let numbers =
            |place: usize| rows.iter().filter_map(move |row| row[place].as_str()?.parse::<f64>().ok());
        let points = |name: &str| -> Vec<f64> {
            line[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
        };
        let near = |found: &[f64], expected: &[f64]| {
            found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.06)
        };
        assert!(near(&points("highest"), &numbers(3).collect::<Vec<_>>()), "{line}, {rows:?}");
        assert!(near(&points("mean"), &numbers(4).collect::<Vec<_>>()), "{line}, {rows:?}");
        let licensed: Vec<f64> = numbers(2).flat_map(|value| [value, value]).collect();
        assert!(near(&points("limit"), &licensed), "{line}, {rows:?}");
    }
    let designers = values.as_array().unwrap().iter().filter(|row| row[0] == "designer");
    let licensed: Vec<&str> = designers.map(|row| row[2].as_str().unwrap()).collect();
    assert_eq!(licensed, ["7", "7", "7", "7", "6"], "the renewal is in July");
    assert_eq!(lines[0]["over"], 1, "July");
}

#[test]
fn every_chart_has_a_title_a_description_and_its_values() {
    let page = worlds::page("described", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    let charts = browser.eval(
        "[...document.querySelectorAll('figure.chart')].map((figure) => {
            const picture = figure.querySelector('svg');
            const named = picture.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id).textContent);
            return { id: figure.id, role: picture.getAttribute('role'), named, height: picture.getBoundingClientRect().height,
                table: figure.closest('section').querySelector('.values') !== null };
        })",
    );
    let charts = charts.as_array().unwrap();
    assert_eq!(charts.len(), 5, "one of seats, and one of usage for each of three profiles and all together");
    for chart in charts {
        assert_eq!(chart["role"], "img", "{chart}");
        assert!(chart["height"].as_f64().unwrap() > 100.0, "{chart}");
        assert_eq!(chart["table"], true, "{chart}");
        for named in chart["named"].as_array().unwrap() {
            assert!(named.as_str().unwrap().len() > 10, "{chart}");
        }
    }
    assert!(
        charts[0]["named"][1].as_str().unwrap().contains("designer: 7 of 6 seats, 1 over"),
        "{}",
        charts[0]
    );
}

/// A stored directory has no history: the page says nothing of usage and changes, and everything else.
#[test]
fn a_directory_without_history_has_a_page() {
    let page = worlds::page_of_stored("stored", &worlds::small(), worlds::SMALL_NOW);
    let Some(mut browser) = Browser::open(&page) else { return };
    let sections =
        browser.eval("[...document.querySelectorAll('main section[id]')].map((section) => section.id)");
    assert_eq!(sections, json!(["seats", "waiting", "access", "advice", "ending"]));
    assert_eq!(browser.eval("document.getElementById('title').textContent"), "acme-2026");
    assert_eq!(browser.eval("document.querySelectorAll('#seat-chart rect.held').length"), 3);
    browser.eval("check.table('access').tBodies[1].rows[0].cells[0].click()");
    assert_eq!(browser.eval("document.getElementById('details').open"), true);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_directory_without_anything_has_a_page() {
    let page = worlds::page("empty", &worlds::empty(), 0);
    let Some(mut browser) = Browser::open(&page) else { return };
    assert_eq!(browser.complaints(), [""; 0]);
    let empty = browser.eval("[...document.querySelectorAll('section .empty')].filter((text) => text.checkVisibility()).map((text) => text.textContent)");
    let expected = [
        "There is no history yet.",
        "No one waits for a seat.",
        "No one has access to anything.",
        "Nothing that was given has an end.",
        "Nothing was changed yet.",
    ];
    for text in expected {
        assert!(empty.as_array().unwrap().iter().any(|found| found == text), "{text}: {empty}");
    }
    assert_eq!(browser.eval("check.cut()"), json!([]));
}
