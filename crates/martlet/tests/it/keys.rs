use crate::support::{ANA, App};
use std::os::unix::fs::PermissionsExt;

#[test]
fn keys_are_made_once_and_for_the_owner_only() {
    let app = App::notes();
    let first = app.run("keys", &[]);
    assert_eq!(first.code, 0, "{first:?}");
    let names: Vec<&str> = first.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["anon", "service_role"]);
    let file = std::fs::read(app.file("data/keys.json")).unwrap();
    assert_eq!(std::fs::metadata(app.file("data/keys.json")).unwrap().permissions().mode() & 0o777, 0o600);
    app.run("keys", &[]);
    assert_eq!(std::fs::read(app.file("data/keys.json")).unwrap(), file);
}

#[test]
fn a_users_token_opens_what_is_the_users() {
    let app = App::migrated();
    let token = app.run("keys", &["--user", ANA]);
    assert_eq!((token.code, token.stdout.lines().count(), token.stderr.as_str()), (0, 1, ""));
    let token = token.stdout.trim();
    let server = app.serve();
    assert_eq!(server.post("/rest/v1/rpc/add_note", r#"{"body":"mine"}"#, token).status, 200);
    assert_eq!(server.get_as("/rest/v1/rpc/mine", token).body, r#"[{"id":1,"body":"mine"}]"#);
    assert_eq!(server.get("/rest/v1/rpc/mine").status, 401);
    assert_eq!(server.get_as("/rest/v1/rpc/mine", &format!("{token}x")).status, 401);
    let anon = app.run("keys", &[]).stdout;
    let key = |name: &str| anon.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!(server.get_as("/rest/v1/rpc/notes", &key("anon")).status, 200);
    assert_eq!(server.get_as("/rest/v1/rpc/mine", &key("service_role")).status, 200);
}

#[test]
fn wrong_users_and_roles_are_wrong_usage() {
    let app = App::notes();
    for args in [&["--user", "ana"][..], &["--user", ANA, "--role", "service_role"], &["--role", "editor"]] {
        assert_eq!(app.run("keys", args).code, 2, "{args:?}");
    }
    insta::assert_snapshot!(app.run("keys", &["--user", "ana"]).all(), @r#"
    2
    -- stdout
    -- stderr
    error: invalid value 'ana' for '--user <UUID>': write a uuid, such as "00000000-0000-4000-8000-000000000001"

    For more information, try '--help'.
    "#);
}
