//! Any text as a token, and a good token with any text in its place: never taken for one of ours, no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use martlet_core::Timestamp;
use martlet_server::tokens::{KeySettings, Keys, TokenRequest};
use std::sync::LazyLock;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::ephemeral(&KeySettings::default()).expect("keys are made"));
static GOOD: LazyLock<String> = LazyLock::new(|| {
    let request = TokenRequest { role: "authenticated".into(), user_id: None, valid_for: Duration::from_secs(60) };
    KEYS.issue(&request, NOW).expect("a token is signed")
});

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    check(&text);
    let mut parts: Vec<&str> = GOOD.split('.').collect();
    let replaced = bytes.first().map_or(0, |byte| usize::from(byte % 3));
    parts[replaced] = text.get(1..).unwrap_or_default();
    check(&parts.join("."));
});

fn check(token: &str) {
    match KEYS.identity(token, NOW) {
        Ok(_) => assert_eq!(token, *GOOD),
        Err(error) => assert!(matches!(error.code.as_ref(), "PGRST301" | "PGRST303")),
    }
}
