//! The hotel through HTTP, served by the real binary.

mod api;
mod last_room;
mod page;

use jsonwebtoken::{EncodingKey, Header, encode};
use martlet_testkit::{Reply, TestServer, copy_folder};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the tests sign tokens with: `[auth] jwt_secret`.
const SECRET: &str = "only for tests: thirty-two bytes or more";

/// A hotel of its own, migrated and seeded with a thousandth of the rows: 200 bookings.
struct Hotel {
    server: TestServer,
    _folder: tempfile::TempDir,
}

impl Hotel {
    fn start() -> Self {
        let folder = folder();
        martlet(&["migrate"], folder.path());
        martlet(&["seed", "--scale", "0.001"], folder.path());
        let environment = [("MARTLET_AUTH_JWT_SECRET", SECRET)];
        let server = TestServer::start_with(binary(), &["serve"], folder.path(), &environment);
        Self { server, _folder: folder }
    }

    fn query(&self, name: &str, pairs: &str, token: &str) -> Reply {
        self.server.get_as(&format!("/rest/v1/rpc/{name}?{pairs}"), token)
    }

    fn act(&self, name: &str, arguments: &Value, token: &str) -> Reply {
        self.server.post(&format!("/rest/v1/rpc/{name}"), &arguments.to_string(), token)
    }

    /// Free rooms of a type for a stay.
    fn free(&self, room_type_id: i64, check_in: &str, check_out: &str) -> i64 {
        let rooms = self.query("availability", &format!("check_in={check_in}&check_out={check_out}"), "").json();
        let room = rooms.as_array().expect("rows").iter().find(|room| room["id"] == room_type_id);
        room.expect("the room type")["free"].as_i64().expect("a number")
    }
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_martlet"))
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hotel")
}

/// A copy of the example without its tests and data.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("make a folder");
    for part in ["migrations", "queries", "actions", "public"] {
        copy_folder(&example().join(part), &folder.path().join(part));
    }
    for file in ["seed.sql", "martlet.toml"] {
        fs::copy(example().join(file), folder.path().join(file)).expect("copy a file");
    }
    folder
}

fn martlet(arguments: &[&str], folder: &Path) {
    let output = Command::new(binary()).args(arguments).arg(folder).output().expect("run martlet");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn user_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

fn user(number: usize) -> String {
    token(json!({"sub": user_id(number), "role": "authenticated", "aud": "authenticated"}), 3_600)
}

fn service() -> String {
    token(json!({"role": "service_role"}), 3_600)
}

#[expect(clippy::disallowed_methods, reason = "the server under test runs on the system's clock")]
fn token(mut claims: Value, valid_s: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    claims["exp"] = (i64::try_from(now).expect("a time") + valid_s).into();
    encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).expect("sign a token")
}
