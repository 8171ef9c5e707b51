//! A socket between a journal and the server that loses what passes.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::server;

/// What happens to the next append that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// The connection ends before the server has the append.
    CutBefore,
    /// The connection ends when the server has answered, and the answer is lost.
    CutAfter,
    /// The server never gets the append, and the connection stays.
    Hold,
    /// The answer of the server is lost, and the connection stays.
    HoldAnswer,
}

type Plan = Arc<Mutex<dyn FnMut() -> Fault + Send>>;

/// The name of the socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// What only appends contain.
const APPEND: &[u8] = b"UPDATE entitle_head SET revision";

/// A socket in a folder of its own. It is removed when this is dropped.
pub(super) struct Proxy {
    folder: PathBuf,
}

impl Proxy {
    /// Begins to pass on what comes for a server whose socket is in a folder; `plan` is asked at each append.
    pub(super) fn start(server: &Path, plan: impl FnMut() -> Fault + Send + 'static) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("entitle-px-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let listener = UnixListener::bind(folder.join(SOCKET)).unwrap();
        let server = server.join(SOCKET);
        let plan: Plan = Arc::new(Mutex::new(plan));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Without a server there is no connection.
                let Ok(server) = UnixStream::connect(&server) else { continue };
                pass(&client, &server, &plan);
            }
        });
        Self { folder }
    }

    pub(super) fn url(&self, database: &str) -> String {
        server::url(&self.folder, "postgres", database, "")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn pass(client: &UnixStream, server: &UnixStream, plan: &Plan) {
    let fault = Arc::new(Mutex::new(Fault::None));
    let sides = || (client.try_clone().unwrap(), server.try_clone().unwrap());
    let ((from, to), answers, plan) = (sides(), sides(), Arc::clone(plan));
    let asked = Arc::clone(&fault);
    thread::spawn(move || pass_requests(from, to, &asked, &plan));
    thread::spawn(move || pass_answers(answers.1, answers.0, &fault));
}

fn close(one: &UnixStream, other: &UnixStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}

fn pass_requests(mut client: UnixStream, mut server: UnixStream, fault: &Mutex<Fault>, plan: &Plan) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length) = client.read(&mut buffer)
        && length > 0
    {
        let request = &buffer[..length];
        if request.windows(APPEND.len()).any(|window| window == APPEND) {
            *fault.lock().unwrap() = plan.lock().unwrap()();
        }
        let fault = *fault.lock().unwrap();
        if fault == Fault::CutBefore || (fault != Fault::Hold && server.write_all(request).is_err()) {
            break;
        }
    }
    close(&client, &server);
}

fn pass_answers(mut server: UnixStream, mut client: UnixStream, fault: &Mutex<Fault>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length) = server.read(&mut buffer)
        && length > 0
    {
        match *fault.lock().unwrap() {
            Fault::CutAfter => break,
            Fault::HoldAnswer => {}
            _ if client.write_all(&buffer[..length]).is_err() => break,
            _ => {}
        }
    }
    close(&client, &server);
}
