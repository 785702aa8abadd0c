use crate::support::App;

fn row(text: &str, key: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("no {key} in {text}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_value_tells_what_set_it() {
    let app = App::notes();
    app.save("martlet.toml", "[server]\nlisten = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\n[auth]\njwt_secret = \"0123456789abcdef0123456789abcdef\"\n");
    let environment = [("MARTLET_SERVER_LISTEN", "127.0.0.1:2")];
    let run = app.run_with("config", &["--data", "/elsewhere"], "", &environment);
    assert_eq!(row(&run.stdout, "server.listen"), "server.listen 127.0.0.1:2 environment MARTLET_SERVER_LISTEN");
    assert_eq!(row(&run.stdout, "data "), "data /elsewhere flag --data");
    assert_eq!(row(&run.stdout, "log.level"), "log.level warn martlet.toml");
    assert_eq!(row(&run.stdout, "auth.jwt_secret"), "auth.jwt_secret [redacted] martlet.toml");
    assert_eq!(row(&run.stdout, "database.synchronous"), "database.synchronous full default");
    assert!(!format!("{run:?}").contains("0123456789abcdef"));
    let json: serde_json::Value = serde_json::from_str(&app.run("config", &["--json"]).stdout).unwrap();
    let secret = json.as_array().unwrap().iter().find(|entry| entry["key"] == "auth.jwt_secret").unwrap();
    assert_eq!(secret["value"], "[redacted]");
}

#[test]
fn mistakes_refuse_every_command() {
    let app = App::notes();
    app.save(
        "martlet.toml",
        "[server]\nlisten = \"127.0.0.1:1\"\nconections_max = 5\n\n[database]\nquery_timeout = 2\n",
    );
    for command in ["config", "serve", "migrate", "keys"] {
        assert_eq!(app.run(command, &[]).code, 1, "{command}");
    }
    insta::assert_snapshot!(app.run("config", &[]).all(), @r#"
    1
    -- stdout
    -- stderr
    error: there is no setting `server.conections_max`
     --> martlet.toml:3:1
      |
    3 | conections_max = 5
      | ^^^^^^^^^^^^^^
      = hint: did you mean `connections_max`?

    error: `database.query_timeout` needs a unit
     --> martlet.toml:6:17
      |
    6 | query_timeout = 2
      |                 ^
      = hint: write "2s" for seconds, "2ms" for milliseconds
    "#);
}

#[test]
fn a_file_that_is_none_or_too_large_is_told() {
    let app = App::notes();
    app.save("martlet.toml", &"#".repeat(64 * 1024 + 1));
    insta::assert_snapshot!(app.run("config", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: APP/martlet.toml is larger than 65536 bytes
    ");
    std::fs::remove_file(app.file("martlet.toml")).unwrap();
    std::fs::create_dir(app.file("martlet.toml")).unwrap();
    insta::assert_snapshot!(app.run("config", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: cannot read APP/martlet.toml
      caused by: it is no regular file
    ");
    std::fs::remove_dir(app.file("martlet.toml")).unwrap();
    std::fs::write(app.file("martlet.toml"), b"name = \"\xff\"").unwrap();
    insta::assert_snapshot!(app.run("config", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: cannot read APP/martlet.toml
      caused by: invalid utf-8 sequence of 1 bytes from index 8
    ");
}

#[test]
fn names_of_other_documents_warn() {
    let app = App::notes();
    let run = app.run_with("config", &[], "", &[("CLIENT_URL", "https://a.example"), ("CACHE_TTL_USERS", "1000")]);
    assert_eq!(row(&run.stdout, "cors.origins"), "cors.origins https://a.example environment CLIENT_URL");
    insta::assert_snapshot!(run.stderr, @r"
    warning: CLIENT_URL is taken as `cors.origins`; write MARTLET_CORS_ORIGINS instead
    warning: CACHE_TTL_USERS is taken as `cache.named.user`; write MARTLET_CACHE_NAMED_USER=1000ms instead
    ");
    insta::assert_snapshot!(app.run_with("config", &[], "", &[("MARTLET_SERVER_LISTN", "x")]).all(), @r"
    1
    -- stdout
    -- stderr
    error: there is no setting MARTLET_SERVER_LISTN

    hint: did you mean MARTLET_SERVER_LISTEN?
    ");
}
