//! Names are text, whatever they contain, and nothing leaves the page.

use serde_json::json;

use super::browser::Browser;
use super::worlds::{self, MARCH, NAMES, shown};

#[test]
fn hostile_names_are_shown_as_text() {
    let page = worlds::page("hostile", &worlds::hostile(), MARCH);
    let Some(mut browser) = Browser::open(&page) else { return };
    let texts = browser.eval("check.texts()").as_str().unwrap().to_owned();
    for name in NAMES {
        assert!(texts.contains(&shown(name)), "{name:?} is not on the page");
    }
    let hidden = |c: char| {
        (c.is_control() && !c.is_whitespace())
            || "\u{202e}\u{200b}\u{2066}\u{feff}\u{ad}\u{e0041}".contains(c)
    };
    assert!(!texts.contains(hidden), "a character that cannot be seen is shown");
    let elements = browser.eval("['b', 'img', 'iframe', 'object', 'script', 'link', 'style'].map((tag) => document.querySelectorAll(tag).length)");
    assert_eq!(elements, json!([0, 0, 0, 0, 1, 0, 1]), "only the page's own script and style");
    assert_eq!(browser.eval("document.title"), format!("{}: seats and access", shown(NAMES[1])));
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.requests(), [""; 0]);
}

/// Each name is found by its own text, and is a row of its own in the table.
#[test]
fn hostile_names_are_found() {
    let page = worlds::page("found", &worlds::hostile(), MARCH);
    let Some(mut browser) = Browser::open(&page) else { return };
    for name in NAMES {
        let word = shown(name);
        browser.eval(&format!("check.search('access', {})", json!(word)));
        let rows = browser.eval("check.rows('access').map((row) => row[0])");
        let rows: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
        assert!(rows.iter().any(|row| row.trim_start_matches("key") == word), "{name:?}: {rows:?}");
    }
}

/// The text of every cell keeps its own direction, so that no name turns what stands beside it.
#[test]
fn names_keep_their_direction_to_themselves() {
    let page = worlds::page("direction", &worlds::hostile(), MARCH);
    let Some(mut browser) = Browser::open(&page) else { return };
    let apart = browser.eval(
        "(() => {
            const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
            const found = [];
            for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
                if (/[\\u0590-\\u06ff]/u.test(node.data) && node.parentElement.closest('bdi, svg, option') === null) found.push(node.data);
            }
            return found;
        })()",
    );
    assert_eq!(apart, json!([]));
}

#[test]
fn nothing_is_asked_of_a_network() {
    let page = worlds::page("alone", &worlds::small(), worlds::SMALL_NOW);
    let written = std::fs::read_to_string(&page).unwrap();
    let policy =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-";
    assert!(written.contains(policy), "the policy of the page");
    assert!(!written.contains("unsafe"), "what is not in the page does not run");
    let Some(mut browser) = Browser::open(&page) else { return };
    let tried = browser.eval(
        "(async () => {
            const refused = [];
            document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
            document.body.append(Object.assign(new Image(), { src: 'https://example.com/a.png' }));
            const script = document.createElement('script');
            script.textContent = 'document.title = \"gone\"';
            document.body.append(script);
            await fetch('https://example.com/').catch(() => {});
            await new Promise((done) => setTimeout(done, 200));
            return { refused: refused.sort(), loaded: performance.getEntriesByType('resource').map((entry) => entry.name) };
        })()",
    );
    // Whatever ran in the page could neither send nor load anything, nor run another script.
    assert_eq!(tried["refused"], json!(["connect-src", "img-src", "script-src-elem"]));
    browser.load(&page);
    assert_eq!(browser.requests(), [""; 0]);
    assert_eq!(browser.complaints(), [""; 0]);
}
