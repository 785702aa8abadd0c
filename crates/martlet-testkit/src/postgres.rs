//! A throwaway PostgreSQL: own folder, own port, C.UTF-8, UTC; gone when dropped.

use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const START_WITHIN: Duration = Duration::from_secs(30);
/// Nothing that a test writes outlives it: durability would only cost time.
const TEST_SETTINGS: &[(&str, &str)] =
    &[("fsync", "off"), ("full_page_writes", "off"), ("timezone", "UTC"), ("max_connections", "50")];

/// How a server is started.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// Names and values for its `-c`.
    pub settings: &'a [(&'a str, &'a str)],
    /// A program with its arguments that runs the server in its own place, such as `taskset -c 0`; may be empty.
    pub launcher: &'a [&'a str],
}

/// A running PostgreSQL server. Its superuser is `postgres`, without a password, on 127.0.0.1 only.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    account: Option<Account>,
    port: u16,
    server: Child,
}

/// PostgreSQL refuses to run as root: the account that it runs as instead.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Postgres {
    /// Makes a cluster for tests and starts it; panics with the reason when that fails (`cargo xtask test` installs
    /// PostgreSQL).
    pub fn start() -> Self {
        Self::start_with(&Start { settings: TEST_SETTINGS, launcher: &[] })
    }

    /// Makes a cluster and starts it as told; panics as [`Postgres::start`] does.
    pub fn start_with(start: &Start<'_>) -> Self {
        let bin = newest_installation();
        let account = account_to_run_as();
        let folder = TempDir::with_prefix("martlet-postgres-").expect("a temporary folder can be made");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("a folder in a new folder can be made");
        if let Some(account) = account {
            for path in [folder.path(), &data] {
                chown(path, Some(account.uid), Some(account.gid)).expect("root may give its own folders away");
            }
        }
        let mut initdb = command(&bin, "initdb", account);
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D"]);
        let made = initdb.arg(&data).output().expect("initdb can be run");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));

        let port = free_port();
        let log = fs::File::create(folder.path().join("log")).expect("a file in a new folder can be made");
        let program = bin.join("postgres");
        let mut words = start.launcher.iter().map(OsStr::new).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().expect("the program is the last of the words"));
        command.args(words);
        run_as(&mut command, account);
        command.arg("-D").arg(&data).args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}")]);
        command.args(["-c", &format!("unix_socket_directories={}", folder.path().display())]);
        for (name, value) in start.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        let server = command.stdout(Stdio::null()).stderr(log).spawn().expect("postgres can be run");
        let mut started = Self { folder, bin, account, port, server };
        started.wait_until_ready();
        started
    }

    /// The server's first process, which all others descend from.
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection string for tokio-postgres or psql.
    pub fn connection_string(&self, database: &str) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.port)
    }

    fn wait_until_ready(&mut self) {
        let started = Instant::now();
        loop {
            if let Ok(Some(status)) = self.server.try_wait() {
                panic!("postgres ended with {status}: {}", self.log());
            }
            let is_listening = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            if is_listening && self.answers() {
                return;
            }
            assert!(started.elapsed() < START_WITHIN, "postgres did not start in {START_WITHIN:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        command(&self.bin, "pg_isready", self.account)
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .status()
            .is_ok_and(|status| status.success())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // `immediate` ends every process of the cluster; killing the first alone would leave the others for a moment.
        let stopped = command(&self.bin, "pg_ctl", self.account)
            .args(["stop", "-m", "immediate", "-D"])
            .arg(self.folder.path().join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

fn command(bin: &Path, program: &str, account: Option<Account>) -> Command {
    let mut command = Command::new(bin.join(program));
    run_as(&mut command, account);
    command
}

fn run_as(command: &mut Command, account: Option<Account>) {
    command.current_dir("/").stdin(Stdio::null());
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
}

fn newest_installation() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").map(|entries| entries.flatten().collect::<Vec<_>>());
    versions
        .unwrap_or_default()
        .into_iter()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .max_by_key(|(version, _)| *version)
        .map(|(_, bin)| bin)
        .expect("PostgreSQL is not installed: run `cargo xtask test`, or install the package postgresql")
}

/// None where we are not root and may run it ourselves.
fn account_to_run_as() -> Option<Account> {
    let own = fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me)).unwrap_or(1);
    if own != 0 {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let account =
        |name: &str| {
            passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name).and_then(
                |fields| Some(Account { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? }),
            )
        };
    Some(account("postgres").or_else(|| account("nobody")).expect("there is an account postgres or nobody"))
}

/// A port that is free now. Another process may take it before it is used; then the start fails and says so.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .expect("there is a free port on loopback")
}
