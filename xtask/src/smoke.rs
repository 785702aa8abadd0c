//! `cargo xtask smoke`: the README's first command, as a new user runs it.

use crate::command;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const START_WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn run() -> Result<()> {
    let readme = fs::read_to_string("README.md").context("cannot read README.md")?;
    let first = first_command(&readme).context("README.md has no command in a `sh` block")?;
    eprintln!("$ {first}");
    let words: Vec<&str> = first.split_whitespace().collect();
    ensure!(words.first() == Some(&"cargo"), "the README's first command is not cargo: {first}");
    let with_build = first.find("--").map(|_| words.iter().position(|word| *word == "--").unwrap_or(words.len()));
    let build_args = &words[2..with_build.unwrap_or(words.len())];
    command::run(command::cargo().arg("build").args(build_args))?;

    let data = std::env::temp_dir().join(format!("martlet-smoke-{}", std::process::id()));
    let child = Command::new("cargo")
        .args(&words[1..])
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {first}"))?;
    let mut server = Server(child);
    let seen = server.look();
    drop(server);
    let _ = fs::remove_dir_all(&data);
    seen
}

/// The first line of the first `sh` block.
fn first_command(readme: &str) -> Option<&str> {
    let (_, block) = readme.split_once("```sh\n")?;
    block.lines().map(str::trim).find(|line| line.starts_with("cargo "))
}

struct Server(Child);

impl Server {
    fn look(&mut self) -> Result<()> {
        let started = Instant::now();
        let base = self.wait_for_url()?;
        let address = base.trim_start_matches("http://").trim_end_matches('/').to_owned();
        for (path, wanted) in [
            ("/livez", ""),
            ("/", "<html"),
            ("/rest/v1/rpc/room_types", "\"price_cents\""),
            ("/rest/v1/rpc/availability?check_in=2026-03-01&check_out=2026-03-04", "\"free\""),
        ] {
            let answer = get(&address, path)?;
            ensure!(answer.starts_with("HTTP/1.1 200"), "GET {path}: {}", answer.lines().next().unwrap_or_default());
            ensure!(answer.contains(wanted), "GET {path} does not have {wanted}: {answer}");
            println!("GET {path}: 200, {} bytes", answer.len());
        }
        println!("smoke: the app answered {:.1} s after the command", started.elapsed().as_secs_f64());
        Ok(())
    }

    /// Both outputs are read to their ends, so that the server never blocks on a full pipe.
    fn wait_for_url(&mut self) -> Result<String> {
        let (found, wait) = mpsc::channel();
        let stdout = self.0.stdout.take().context("stdout is piped")?;
        let stderr = self.0.stderr.take().context("stderr is piped")?;
        for stream in [Box::new(stdout) as Box<dyn std::io::Read + Send>, Box::new(stderr)] {
            let found = found.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    eprintln!("  {line}");
                    if let Some(at) = line.find("http://127.0.0.1:") {
                        let url: String = line[at..].chars().take_while(|c| !c.is_whitespace()).collect();
                        let origin: Vec<&str> = url.splitn(4, '/').collect();
                        let _ = found.send(origin[..3].join("/"));
                    }
                }
            });
        }
        drop(found);
        wait.recv_timeout(START_WITHIN).context("the command printed no URL")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // `cargo run` passes no signal on: ask by pid of the group's member that listens, else kill both.
        let _ = Command::new("pkill").args(["-TERM", "-P", &self.0.id().to_string()]).status();
        std::thread::sleep(Duration::from_millis(300));
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if answer.is_empty() {
        bail!("GET {path}: no answer");
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
