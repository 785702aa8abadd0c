//! The load's own server: this binary's `serve` as a child process on a free port.
//!
//! The child and the data folder go with the load, however it ends: by a signal, a thread of ours ends both.

use super::sandbox::Sandbox;
use crate::exit::{Exit, Failure};
use crate::wiring;
use anyhow::Context as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of the server's log that are shown when it does not start.
const LOG_SHOWN_MAX: usize = 4 * 1024;

/// What is ended and removed when a signal comes.
#[derive(Debug, Default, Clone)]
pub(super) struct Cleanup(Arc<Mutex<Remains>>);

#[derive(Debug, Default)]
struct Remains {
    folder: Option<PathBuf>,
    child: Option<Child>,
}

impl Cleanup {
    /// Listens for SIGINT and SIGTERM from now on.
    pub(super) fn start() -> Result<Self, Failure> {
        let cleanup = Self::default();
        let remains = cleanup.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signal = {
            let _context = runtime.enter();
            wiring::stop_signal()?
        };
        std::thread::spawn(move || {
            runtime.block_on(signal);
            remains.end();
            std::process::exit(i32::from(Exit::Failed as u8));
        });
        Ok(cleanup)
    }

    pub(super) fn remember_folder(&self, folder: &Path) {
        self.lock().folder = Some(folder.to_owned());
    }

    fn end(&self) {
        let mut remains = self.lock();
        if let Some(mut child) = remains.child.take() {
            // It may have ended by the same signal.
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(folder) = remains.folder.take() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remains> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server that is ended when dropped.
#[derive(Debug)]
pub(super) struct Server {
    cleanup: Cleanup,
    pub address: SocketAddr,
    pub pid: u32,
}

impl Server {
    /// Starts it and waits for its address.
    pub(super) fn start(folder: &Path, sandbox: &Sandbox, cleanup: &Cleanup) -> Result<Self, Failure> {
        let log = sandbox.folder.path().join("server.log");
        let log_file = std::fs::File::create(&log).with_context(|| format!("cannot make {}", log.display()))?;
        let binary = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(binary);
        command.arg("serve").arg(folder).arg("--data").arg(sandbox.folder.path()).args(["--listen", "127.0.0.1:0"]);
        command.envs(sandbox.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file);
        let mut child = command.spawn().context("cannot start a server")?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let pid = child.id();
        cleanup.lock().child = Some(child);
        let mut server = Self { cleanup: cleanup.clone(), address: SocketAddr::from(([127, 0, 0, 1], 0)), pid };
        let mut line = String::new();
        // The line comes when it serves; a server that fails closes its end.
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        server.address = address.and_then(|address| address.parse().ok()).ok_or_else(|| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            let shown: String = log.chars().take(LOG_SHOWN_MAX).collect();
            Failure::new("the load's own server did not start").cause(shown.trim().to_owned())
        })?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let child = self.cleanup.lock().child.take();
        if let Some(mut child) = child {
            // Its data goes next: nothing is lost that should be kept.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
