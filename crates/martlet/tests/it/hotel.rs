//! The hotel through HTTP, served by the real binary.

mod api;
mod last_room;
mod metrics;
mod page;

use crate::support::{binary, copy_of_example, fill};
use jsonwebtoken::{EncodingKey, Header, encode};
use martlet_testkit::{Reply, TestServer};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the tests sign tokens with: `[auth] jwt_secret`.
pub(crate) const SECRET: &str = "only for tests: thirty-two bytes or more";

/// A hotel of its own, migrated and seeded with a thousandth of the rows: 200 bookings.
pub(crate) struct Hotel {
    server: TestServer,
    _folder: tempfile::TempDir,
}

impl Hotel {
    pub(crate) fn start() -> Self {
        let folder = copy_of_example("hotel");
        fill(folder.path());
        let environment = [("MARTLET_AUTH_JWT_SECRET", SECRET)];
        let server = TestServer::start_with(binary(), &["serve"], folder.path(), &environment);
        Self { server, _folder: folder }
    }

    pub(crate) fn url(&self) -> &str {
        self.server.url()
    }

    pub(crate) fn server_log(&self) -> String {
        self.server.stderr()
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

fn user_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

pub(crate) fn user(number: usize) -> String {
    token(json!({"sub": user_id(number), "role": "authenticated", "aud": "authenticated"}), 3_600)
}

fn service() -> String {
    token(json!({"role": "service_role"}), 3_600)
}

#[expect(clippy::disallowed_methods, reason = "the server under test runs on the system's clock")]
pub(crate) fn token(mut claims: Value, valid_s: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    claims["exp"] = (i64::try_from(now).expect("a time") + valid_s).into();
    encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).expect("sign a token")
}
