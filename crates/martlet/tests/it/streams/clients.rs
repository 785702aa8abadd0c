//! Streams through the fetch of Node and the client that applications use, by a script in tests/clients.

use super::serve;
use crate::support::{ANA, App};
use std::path::Path;
use std::process::Command;

#[test]
fn fetch_and_postgrest_js_follow_a_query() {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    assert!(clients.join("node_modules").exists(), "`cargo xtask test` installs what this needs (npm ci)");
    let app = App::migrated();
    let server = serve(&app, &[]);
    let token = app.run_with("keys", &["--user", ANA], "", &[super::SECRET]).stdout;
    let mut node = Command::new("node");
    let output = node.arg("streams.mjs").args([server.url(), token.trim()]).current_dir(clients).output();
    let output = output.expect("run node");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{}", server.stderr());
}
