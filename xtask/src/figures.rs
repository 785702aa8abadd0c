//! `cargo xtask figures`: start, size, memory and durable actions of the release binary, as rows for docs/results.md.

use crate::command::{cargo, output, run};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STARTS: usize = 11;
const LOAD_SECONDS: &str = "5";
const ROUNDS: usize = 3;
const USER: &str = "00000000-0000-4000-8000-000000000001";

pub(crate) fn run_all() -> Result<()> {
    run(cargo().args(["build", "--release", "-p", "martlet", "-p", "martlet-bench"]))?;
    let app = App::new()?;
    let size = fs::metadata("target/release/martlet")?.len();
    println!("| release binary | {:.1} MB |", size as f64 / 1e6);
    let packages =
        output(cargo().args(["tree", "-p", "martlet", "-e", "normal,build", "--prefix", "none", "--no-dedupe"]))?;
    let packages: std::collections::BTreeSet<&str> = packages.lines().collect();
    println!("| packages of the server | {} |", packages.len());

    let mut starts_ms = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        let server = app.serve("full")?;
        server.get("/rest/v1/rpc/room_types")?;
        starts_ms.push(started.elapsed().as_secs_f64() * 1e3);
    }
    starts_ms.sort_by(f64::total_cmp);
    println!(
        "| from exec to the first answer, median and worst of {STARTS} | {:.0} ms, {:.0} ms |",
        starts_ms[STARTS / 2],
        starts_ms[STARTS - 1]
    );

    let server = app.serve("full")?;
    std::thread::sleep(Duration::from_secs(2));
    println!("| resident at rest | {:.1} MiB |", server.resident_mib()?);
    drop(server);

    for round in 1..=ROUNDS {
        for (synchronous, clients) in [("full", "1"), ("full", "64"), ("normal", "64")] {
            let server = app.serve(synchronous)?;
            let load = output(Command::new("target/release/actions").args([
                &server.address,
                &app.token,
                clients,
                LOAD_SECONDS,
            ]))?;
            println!("| actions, {synchronous}, {clients} clients, round {round} | {} |", load.trim());
        }
    }
    Ok(())
}

/// A copy of the hotel, migrated and seeded.
struct App {
    folder: PathBuf,
    token: String,
}

impl App {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("martlet-figures-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let copy = ["-r", "--no-target-directory", "examples/hotel"];
        run(Command::new("cp").args(copy).arg(&folder))?;
        let _ = fs::remove_dir_all(folder.join("data"));
        run(&mut martlet("migrate", &folder))?;
        run(&mut martlet("seed", &folder))?;
        let token = output(martlet("keys", &folder).args(["--user", USER]))?.trim().to_owned();
        Ok(Self { folder, token })
    }

    fn serve(&self, synchronous: &str) -> Result<Server> {
        let mut child = martlet("serve", &self.folder)
            .args(["--listen", "127.0.0.1:0"])
            .env("MARTLET_DATABASE_SYNCHRONOUS", synchronous)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("stdout is piped")?).read_line(&mut line)?;
        let address = line.split("http://").nth(1).context("serve printed no URL")?;
        let address = address.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default().to_owned();
        Ok(Server { child, address })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn martlet(command: &str, folder: &Path) -> Command {
    let mut martlet = Command::new("target/release/martlet");
    martlet.arg(command).arg(folder);
    martlet
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn get(&self, path: &str) -> Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "GET {path}: {answer}");
        Ok(())
    }

    fn resident_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
