//! The events through HTTP, served by the real binary.

mod api;
mod crowd;
mod page;

use crate::support::{binary, copy_of_example, fill, martlet};
use martlet_testkit::{Reply, TestServer};
use serde_json::{Value, json};

/// md5 of `event-1` and `guest-1`: the first of the seed.
const FIRST_EVENT: &str = "fdc3f1169f99dce634293eac7ddbba73";
const FIRST_GUEST: &str = "9b3ebce42bebcbf16b0b8d456e243f5d";
/// Of the right form, and of nobody.
const NOBODY: &str = "00000000000000000000000000000000";

/// Events of its own, migrated and seeded: 20 events, whose number does not follow the scale, instead of 2,000.
struct Events {
    server: TestServer,
    folder: tempfile::TempDir,
}

impl Events {
    fn start() -> Self {
        Self::start_after("")
    }

    /// As `start`, after a write by hand.
    fn start_after(write: &str) -> Self {
        let folder = copy_of_example("events");
        let seed = folder.path().join("seed.sql");
        let text = std::fs::read_to_string(&seed).expect("read the seed");
        std::fs::write(&seed, text.replace("00::bigint) as g(i)", "::bigint) as g(i)")).expect("write the seed");
        fill(folder.path());
        if !write.is_empty() {
            let run = martlet(&["sql", folder.path().to_str().unwrap(), "--write", write], "", &[]);
            assert_eq!(run.code, 0, "{run:?}");
        }
        let server = TestServer::start(binary(), &["serve"], folder.path());
        Self { server, folder }
    }

    fn event(&self, token: &str) -> Reply {
        self.server.get(&format!("/rest/v1/rpc/event?token={token}"))
    }

    fn act(&self, name: &str, arguments: &Value) -> Reply {
        self.act_as(name, arguments, "")
    }

    fn act_as(&self, name: &str, arguments: &Value, token: &str) -> Reply {
        self.server.post(&format!("/rest/v1/rpc/{name}"), &arguments.to_string(), token)
    }

    /// Makes an event of half hours and gives its token.
    fn make(&self, blocks: usize) -> String {
        let arguments =
            json!({"title": "Lunch", "starts_at": "2029-03-01T09:00:00Z", "blocks": blocks, "block_minutes": 30});
        let made = self.act("create_event", &arguments);
        assert_eq!(made.status, 200, "{}", made.body);
        made.json()["token"].as_str().expect("a token").to_owned()
    }

    /// Joins and gives the key.
    fn join(&self, token: &str, name: &str) -> String {
        let joined = self.act("join_event", &json!({"token": token, "name": name}));
        assert_eq!(joined.status, 200, "{}", joined.body);
        joined.json()["session_key"].as_str().expect("a key").to_owned()
    }

    fn mark(&self, key: &str, block_ids: &[i64]) -> Reply {
        self.act("mark_availability", &json!({"session_key": key, "block_ids": block_ids}))
    }

    /// Ids of an event's blocks, in order of time.
    fn blocks(&self, token: &str) -> Vec<i64> {
        self.of_blocks(token, "id")
    }

    /// How many can make each block.
    fn available(&self, token: &str) -> Vec<i64> {
        self.of_blocks(token, "available")
    }

    fn of_blocks(&self, token: &str, member: &str) -> Vec<i64> {
        let event = self.event(token).json();
        event["blocks"].as_array().expect("blocks").iter().map(|it| it[member].as_i64().expect("a number")).collect()
    }

    /// The rows that `martlet sql` prints.
    fn sql(&self, text: &str) -> Vec<Value> {
        let run = martlet(&["sql", self.folder.path().to_str().unwrap(), "--json", text], "", &[]);
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
    }

    /// A token of this folder for a user.
    fn user(&self, id: &str) -> String {
        let run = martlet(&["keys", self.folder.path().to_str().unwrap(), "--user", id], "", &[]);
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout.trim().to_owned()
    }
}

/// Status and code of a refusal.
fn refused(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["code"].as_str().unwrap_or_default().to_owned())
}
