//! A PostgreSQL server of this process's own, in a temporary folder.
//!
//! Where no PostgreSQL is installed, the tests that need one say so on the standard error, and pass; with
//! `ENTITLE_POSTGRES=required` they fail.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use entitle::journal::postgres::postgres::{Client, NoTls};

/// The folder of the programs of the latest PostgreSQL that is installed.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = versions.map(|version| version.path().join("bin"));
    let elsewhere = std::env::var_os("PATH").unwrap_or_default();
    let elsewhere: Vec<PathBuf> = std::env::split_paths(&elsewhere).collect();
    let complete = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("pg_ctl").exists();
    let number = |folder: &PathBuf| folder.iter().nth_back(1)?.to_str()?.parse::<u32>().ok();
    folders.filter(complete).max_by_key(number).or_else(|| elsewhere.into_iter().find(complete))
}

/// A server in a folder. It is stopped, and the folder removed, when this is dropped or the process ends in any way.
pub(super) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// A shell that waits for the end of its input, which comes at the latest with the end of this process.
    watchdog: Child,
}

impl Server {
    /// Starts a server, or says what is left out.
    ///
    /// Without `durable` it does not wait for the disk.
    pub(super) fn start(durable: bool) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(programs) = programs() else {
            left_out();
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("entitle-pg-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        if is_root() {
            succeed(Process::new("chown").arg("postgres").arg(&folder));
        }
        let watchdog = watchdog(&programs, &folder);
        let server = Self { programs, folder, watchdog };
        let mut initdb = server.program("initdb");
        initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"]);
        succeed(initdb.arg(server.data()));
        server.configure(durable);
        server.run();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn configure(&self, durable: bool) {
        let folder = self.folder.display();
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '{folder}'\nfsync = {}\nmax_connections = 200\n",
            if durable { "on" } else { "off" }
        );
        self.append_to("postgresql.conf", &settings);
        // One role has a password.
        let rules = std::fs::read_to_string(self.data().join("pg_hba.conf")).unwrap();
        let rules = format!("local all with_password scram-sha-256\n{rules}");
        std::fs::write(self.data().join("pg_hba.conf"), rules).unwrap();
    }

    fn append_to(&self, file: &str, text: &str) {
        let file = std::fs::OpenOptions::new().append(true).open(self.data().join(file));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn program(&self, name: &str) -> Process {
        program(&self.programs, name)
    }

    fn control(&self, action: &str, more: &[&str]) {
        let mut control = self.program("pg_ctl");
        let log = self.folder.join("log");
        control.args([action, "-w", "-s", "-D"]).arg(self.data()).args(more);
        if action == "start" {
            control.arg("-l").arg(log);
        }
        succeed(&mut control);
    }

    /// Starts the server, after it was stopped.
    pub(super) fn run(&self) {
        self.control("start", &[]);
    }

    /// Stops the server as a crash does: what was not written is lost.
    pub(super) fn crash(&self) {
        self.control("stop", &["-m", "immediate"]);
    }

    /// The folder of the socket.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The connection string of a role in a database, with more parameters, such as `&options=...`.
    pub(super) fn url(&self, role: &str, database: &str, more: &str) -> String {
        url(&self.folder, role, database, more)
    }

    /// A connection of the test's own.
    pub(super) fn client(&self, database: &str) -> Client {
        Client::connect(&self.url("postgres", database, ""), NoTls).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// The connection string for a socket in a folder.
pub(super) fn url(folder: &Path, role: &str, database: &str, more: &str) -> String {
    let folder = folder.to_str().unwrap().replace('/', "%2F");
    format!("postgresql://{role}@{folder}/{database}?connect_timeout=5{more}")
}

fn is_root() -> bool {
    let id = Process::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// A program of the server, which refuses to run as root.
fn program(programs: &Path, name: &str) -> Process {
    if !is_root() {
        return Process::new(programs.join(name));
    }
    let mut process = Process::new("runuser");
    process.args(["-u", "postgres", "--"]).arg(programs.join(name)).current_dir("/");
    process
}

/// Starts the shell that stops the server once this process has ended.
fn watchdog(programs: &Path, folder: &Path) -> Child {
    let stop = program(programs, "pg_ctl");
    let words = [stop.get_program()].into_iter().chain(stop.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let script = format!(
        "trap '' INT TERM HUP; cat > /dev/null; {} stop -s -m immediate -D '{folder}/data'; rm -rf '{folder}'",
        words.join(" "),
        folder = folder.display()
    );
    let mut shell = Process::new("sh");
    shell.args(["-c", &script]).current_dir("/");
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn succeed(process: &mut Process) {
    let output = process.stdin(Stdio::null()).stdout(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{process:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Says that a test is left out, past the capture of the test's output.
fn left_out() {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let required = std::env::var("ENTITLE_POSTGRES").is_ok_and(|value| value == "required");
    assert!(!required, "PostgreSQL is required and not installed: no `initdb` was found");
    let mut out = std::io::stderr().lock();
    writeln!(out, "LEFT OUT: {test}: PostgreSQL is not installed").unwrap();
}

/// The server that the tests of this process share.
fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| programs().and_then(|_| Server::start(false)));
    if server.is_none() {
        left_out();
    }
    server.as_ref()
}

/// A database of a test's own in the shared server; `None` where there is no PostgreSQL.
pub(crate) struct TestDatabase {
    server: &'static Server,
    pub(super) name: String,
}

impl TestDatabase {
    /// Creates an empty database. The name is one of the test's own.
    pub(crate) fn new(name: &str) -> Option<Self> {
        Self::with(name, "")
    }

    /// Creates an empty database with options of `CREATE DATABASE`.
    pub(super) fn with(name: &str, options: &str) -> Option<Self> {
        let server = shared()?;
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 {options}");
        server.client("postgres").batch_execute(&create).unwrap();
        Some(Self { server, name: name.into() })
    }

    pub(super) fn server(&self) -> &'static Server {
        self.server
    }

    pub(crate) fn url(&self) -> String {
        self.url_as("postgres")
    }

    pub(super) fn url_as(&self, role: &str) -> String {
        self.server.url(role, &self.name, "")
    }

    /// A connection of the test's own.
    pub(super) fn client(&self) -> Client {
        self.server.client(&self.name)
    }

    /// Runs statements as the owner of the database.
    pub(super) fn run(&self, statements: &str) {
        self.client().batch_execute(statements).unwrap();
    }
}
