//! `cargo xtask pictures`: the README's pictures, of the examples' pages as Chromium shows them.
//!
//! Times and ports differ from run to run, so a picture is taken anew when a page has changed, not by a test.

use crate::{command, install};
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const START_WITHIN: Duration = Duration::from_secs(60);
const FOLDER: &str = "docs/pictures";

pub(crate) fn run() -> Result<()> {
    install::programs(install::FOR_PICTURES)?;
    install::npm_packages_of(Path::new("examples/page-tests"), &[])?;
    command::run(command::cargo().args(["build", "--release", "--package", "martlet"]))?;
    std::fs::create_dir_all(FOLDER)?;
    let data = std::env::temp_dir().join(format!("martlet-pictures-{}", std::process::id()));
    let taken = take(&data);
    // The folder of a run that failed is of no use either.
    let _ = std::fs::remove_dir_all(&data);
    taken
}

fn take(data: &Path) -> Result<()> {
    let hotel = Server::start("hotel", data)?;
    let events = Server::start("events", data)?;
    let mut node = Command::new("node");
    command::run(node.args(["examples/page-tests/pictures.mjs", FOLDER, &hotel.page, &events.page]))
}

/// An example under `martlet dev`, with data of its own.
struct Server {
    child: Child,
    page: String,
}

impl Server {
    fn start(name: &str, data: &Path) -> Result<Self> {
        let mut martlet = Command::new(command::target().join("release/martlet"));
        martlet.arg("dev").arg(format!("examples/{name}")).args(["--listen", "127.0.0.1:0", "--data"]);
        // Charts of a minute, not of an hour.
        martlet.env("MARTLET_HISTORY_EVERY", "1s");
        martlet.arg(data.join(name)).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = martlet.spawn().context("cannot run martlet")?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut server = Self { child, page: String::new() };
        server.page = page_url(stdout).with_context(|| format!("{name} printed no URL of its page"))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The URL with a token in it; the rest of the output is read too, so that the server never blocks on a full pipe.
fn page_url(stdout: impl std::io::Read + Send + 'static) -> Result<String> {
    let (found, wait) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.contains("#access_token=") {
                // Nobody waits for a second one.
                let _ = found.send(line.trim().to_owned());
            }
        }
    });
    match wait.recv_timeout(START_WITHIN) {
        Ok(url) => Ok(url),
        Err(error) => bail!("{error}"),
    }
}
