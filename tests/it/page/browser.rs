//! A headless Chromium of this process's own, driven by the protocol of its developer tools over a pipe.
//!
//! Where no Chromium is installed, the tests that need one say so on the standard error, and pass; with
//! `ENTITLE_CHROMIUM=required` they fail.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command as Process, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// How long an answer may take, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// The Chromium that is installed.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.exists())
}

/// Says that a test is left out, past the capture of the test's output.
fn left_out() {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let required = std::env::var("ENTITLE_CHROMIUM").is_ok_and(|value| value == "required");
    assert!(!required, "Chromium is required and not installed: no `chromium` was found");
    let mut out = std::io::stderr().lock();
    writeln!(out, "LEFT OUT: {test}: Chromium is not installed").unwrap();
}

/// A browser with one page.
pub(super) struct Browser {
    process: Child,
    folder: PathBuf,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    calls: u64,
    /// What the browser reported without being asked.
    events: Vec<Value>,
}

impl Browser {
    /// Starts a browser and opens a file in it, or says what is left out.
    pub(super) fn open(file: &Path) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(program) = program() else {
            left_out();
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("entitle-page-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        // The protocol is spoken on the descriptors 3 and 4.
        let script = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"#;
        let mut process = Process::new("sh")
            .args(["-c", script])
            .arg(program)
            .args(["--headless", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage"])
            // The sandbox does not start for root, and the only page is the one under test.
            .args(["--no-sandbox", "--no-first-run", "--disable-background-networking", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", folder.display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let messages = reader(&mut process);
        let commands = process.stdin.take().unwrap();
        let (calls, events) = (0, Vec::new());
        let mut browser = Self { process, folder, commands, messages, session: None, calls, events };
        browser.attach();
        browser.load(file);
        Some(browser)
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("Target.attachToTarget", &target);
        self.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Network", "Log"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
        self.size(1280, 900, 1);
    }

    /// Opens a file in the same page, and forgets what was reported of the one before.
    pub(super) fn load(&mut self, file: &Path) {
        self.events.clear();
        self.call("Page.navigate", &json!({ "url": format!("file://{}", file.display()) }));
        self.wait_for("Page.loadEventFired");
        self.eval(include_str!("check.js"));
        self.settle();
    }

    /// Waits until what follows a change of size or of the scheme has been drawn.
    pub(super) fn settle(&mut self) {
        self.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))");
    }

    /// Evaluates a script in the page and returns its result.
    pub(super) fn eval(&mut self, script: &str) -> Value {
        let asked = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer.get("exceptionDetails").is_none(), "{script}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Presses a key, as a person does. `modifiers` is 2 for the control key and 8 for shift.
    pub(super) fn press(&mut self, key: &str, modifiers: u8) {
        let number = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            " " => 32,
            "PageUp" => 33,
            "PageDown" => 34,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            _ => 40,
        };
        let text = if key == "Enter" { "\r" } else { "" };
        let event = |kind: &str, text: &str| {
            json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": number, "modifiers": modifiers, "text": text,
            })
        };
        self.call(
            "Input.dispatchKeyEvent",
            &event(if text.is_empty() { "rawKeyDown" } else { "keyDown" }, text),
        );
        self.call("Input.dispatchKeyEvent", &event("keyUp", ""));
    }

    /// Types a text where the focus is.
    pub(super) fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Sets the size of the window and its zoom: a window of half the width is shown twice as large.
    pub(super) fn size(&mut self, width: u32, height: u32, zoom: u32) {
        let asked = json!({ "width": width, "height": height, "deviceScaleFactor": zoom, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &asked);
    }

    /// Chooses the color scheme and the medium, `screen` or `print`.
    pub(super) fn media(&mut self, scheme: &str, medium: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "media": medium, "features": features }));
        self.settle();
    }

    /// Prints the page.
    pub(super) fn print(&mut self) {
        self.call("Page.printToPDF", &json!({ "transferMode": "ReturnAsBase64" }));
    }

    /// Returns the addresses that the page asked for, itself excluded.
    pub(super) fn requests(&self) -> Vec<String> {
        let all = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let others = all.filter(|event| event["params"]["type"] != "Document");
        others.map(|event| event["params"]["request"]["url"].to_string()).collect()
    }

    /// Returns what the console has: errors, warnings and what the policy of the page refused.
    pub(super) fn complaints(&self) -> Vec<String> {
        let named = |event: &&Value| {
            ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"]
                .iter()
                .any(|name| event["method"] == *name)
        };
        self.events.iter().filter(named).map(|event| event["params"].to_string()).collect()
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.commands.write_all(message.to_string().as_bytes()).unwrap();
        self.commands.write_all(&[0]).unwrap();
        loop {
            let message =
                self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{method}: no answer"));
            if message["id"] == self.calls {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn wait_for(&mut self, method: &str) {
        while !self.events.iter().any(|event| event["method"] == method) {
            let message = self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {method}"));
            self.events.push(message);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Reads the messages of the browser, each of which ends with a zero byte.
fn reader(process: &mut Child) -> Receiver<Value> {
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        loop {
            let mut bytes = Vec::new();
            if !matches!(out.read_until(0, &mut bytes), Ok(1..)) {
                return;
            }
            bytes.pop();
            let Ok(message) = serde_json::from_slice(&bytes) else { return };
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}
