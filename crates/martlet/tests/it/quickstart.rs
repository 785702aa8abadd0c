//! `docs/quickstart.md`: its commands as they are printed, but for the port.

use crate::support::binary;
use martlet_testkit::TestServer;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What requirement T25 allows the machine.
const WITHIN: Duration = Duration::from_secs(60);

#[test]
fn every_command_does_what_it_says() {
    let start = Instant::now();
    let text = include_str!("../../../../docs/quickstart.md");
    let blocks: Vec<&str> = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let folder = tempfile::tempdir().expect("make a folder");
    let mut server = None;
    let mut told = Vec::new();
    for block in blocks {
        if let Some(app) = block.trim().strip_prefix("martlet dev ") {
            server = Some(TestServer::start(binary(), &["dev"], &folder.path().join(app)));
            continue;
        }
        let url = server.as_ref().map_or("http://127.0.0.1:8080", TestServer::url);
        let block = block.replace("http://127.0.0.1:8080", url);
        let mut output = run(folder.path(), &block);
        // A machine that is busy with other tests may take longer than the second that `dev` promises.
        while output.contains("PGRST202") && start.elapsed() < WITHIN {
            output = run(folder.path(), &block);
        }
        told.push(output);
    }
    let [made, asked, added, refused, counted, timed] = &told[..] else { panic!("{told:#?}") };
    assert!(made.contains("martlet dev shop"), "{made}");
    let notes: serde_json::Value = serde_json::from_str(asked).expect("rows");
    assert!(notes.as_array().is_some_and(|notes| !notes.is_empty()), "{asked}");
    assert!(added.contains("bread"), "{added}");
    assert!(refused.contains("MRT001"), "{refused}");
    assert!(counted.trim().parse::<u32>().is_ok_and(|count| count > 0), "{counted}");
    assert!(timed.to_lowercase().contains("server-timing: "), "{timed}");
    for phase in ["name look-up", "connect", "TLS", "first byte", "total"] {
        assert!(timed.contains(phase), "{phase} in {timed}");
    }
    assert!(start.elapsed() < WITHIN, "{:?}", start.elapsed());
}

/// Runs a block of commands with our binary on the PATH; all must succeed.
fn run(folder: &Path, block: &str) -> String {
    let own = binary().parent().expect("the binary is in a folder").display().to_string();
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", &format!("export PATH='{own}':\"$PATH\"\n{block}")]);
    let output = shell.current_dir(folder).output().expect("run sh");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{block}\n{told}\n{}", String::from_utf8_lossy(&output.stderr));
    told
}
