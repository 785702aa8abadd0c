//! The clients that applications use, by the scripts in tests/clients.

use crate::hotel::{Hotel, user};
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
