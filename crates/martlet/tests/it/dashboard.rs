//! The pages of `/_/` in Chromium, by examples/page-tests/dashboard.mjs.

use crate::support::{App, binary, copy_of_example, example};
use martlet_testkit::TestServer;
use std::process::Command;

/// An app whose author writes markup wherever an author may write.
const EVIL: &[(&str, &str)] = &[
    (
        "migrations/0001_evil.sql",
        "create table things (id bigint primary key, word text not null default '\"><script>hacked = 1</script>');\n\
         -- @keep \"</td><script>hacked = 1</script>\"\ncreate index things_word_idx on things (word);\n",
    ),
    (
        "queries/evil.sql",
        "-- \"><script>hacked = 1</script> <img src=x onerror=hacked=1>\n-- @allow anyone\n\
         -- @param word text = '\"><img src=x onerror=hacked=1>' A word <script>hacked = 1</script>\n\
         -- @param which text in ('</option><script>hacked = 1</script>', 'b') = 'b'\n\
         -- @param form text matches /^<script>hacked = 1<.script>$/ optional\n\
         select :word as said, :which as which, :form as form where :which <> '</pre><script>hacked = 1</script>'\n",
    ),
    (
        "actions/evil_action.sql",
        "-- \"><script>hacked = 1</script>\n-- @allow service\n-- @param id bigint\n\
         -- @expect none else 409 taken \"<script>hacked = 1</script>\"\n\
         select id from things where id = :id;\ninsert into things (id) values (:id)\n",
    ),
];

#[test]
fn a_person_can_look_and_try() {
    assert!(example("page-tests/node_modules").exists(), "`cargo xtask test` installs what this needs (npm ci)");
    let hotel = copy_of_example("hotel");
    let dev = TestServer::start(binary(), &["dev"], hotel.path());
    let evil = App::of(EVIL);
    let migrated = evil.run("migrate", &[]);
    assert_eq!(migrated.code, 0, "{migrated:?}");
    let keys = evil.run("keys", &[]).stdout;
    let key = keys.lines().find_map(|line| line.strip_prefix("service_role ")).expect("a service key");
    let serve = evil.serve();
    let mut node = Command::new("node");
    node.arg("dashboard.mjs").args([dev.url(), serve.url(), key]).current_dir(example("page-tests"));
    let output = node.output().expect("run node");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}\n{}", String::from_utf8_lossy(&output.stderr), serve.stderr());
}
