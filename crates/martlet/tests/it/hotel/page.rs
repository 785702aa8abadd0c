//! The page in Chromium, by examples/hotel/tests/page.mjs.

use super::{binary, example, folder};
use martlet_testkit::TestServer;
use std::process::Command;

#[test]
fn a_person_can_click_through_it() {
    let tests = example().join("tests");
    assert!(tests.join("node_modules").exists(), "`cargo xtask test` installs what this needs (npm ci)");
    let folder = folder();
    let server = TestServer::start(binary(), &["dev"], folder.path());
    let token = token_of(&server);
    let url = format!("{}/#access_token={token}", server.url());
    let output = Command::new("node").arg("page.mjs").arg(url).current_dir(tests).output().expect("run node");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}\n{}", String::from_utf8_lossy(&output.stderr), server.stderr());
}

/// The token of the page's URL that `dev` prints.
fn token_of(server: &TestServer) -> String {
    let patience = std::time::Duration::from_secs(30);
    let start = std::time::Instant::now();
    loop {
        let printed = server.stdout();
        if let Some((_, rest)) = printed.split_once("#access_token=") {
            return rest.split_whitespace().next().unwrap_or_default().to_owned();
        }
        assert!(start.elapsed() < patience, "no page URL in:\n{printed}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
