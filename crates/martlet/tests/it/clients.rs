//! The clients that applications use: others' by the scripts in tests/clients, ours by its own tests.

use crate::hotel::{Hotel, user};
use crate::support::binary;
use std::path::Path;
use std::process::Command;

#[test]
fn postgrest_js_reads_every_form_and_error() {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    assert!(clients.join("node_modules").exists(), "`cargo xtask test` installs what this needs (npm ci)");
    let hotel = Hotel::start();
    // A user without bookings.
    let token = user(777_777);
    let output = Command::new("node").arg("postgrest.mjs").args([hotel.url(), &token]).current_dir(clients).output();
    let output = output.expect("run node");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{}", hotel.server_log());
}

/// Builds `@martlet/live` and runs its tests: units, against this binary, and in Chromium.
#[test]
fn the_typescript_client_passes_its_own_tests() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/typescript");
    assert!(client.join("node_modules").exists(), "`cargo xtask test` installs what this needs (npm ci)");
    let output = Command::new("npm").args(["test", "--silent"]).env("MARTLET", binary()).current_dir(client).output();
    let output = output.expect("run npm");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}");
}
