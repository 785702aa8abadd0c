use crate::support::App;

#[test]
fn rows_are_a_table_or_json() {
    let app = App::migrated();
    app.run("seed", &["--scale", "0.02"]);
    insta::assert_snapshot!(app.run("sql", &["select id, body, owner from notes"]).all(), @r"
    0
    -- stdout
    id  body    owner
    --  ------  -----
     1  note 1  null
     2  note 2  null
    -- stderr
    (2 rows)
    ");
    insta::assert_snapshot!(app.run("sql", &["--json", "select id, body, owner, x'00ff' as b, 0.5 as d from notes; select 1 as one"]).all(), @r#"
    0
    -- stdout
    {"id":1,"body":"note 1","owner":null,"b":"x'00ff'","d":0.5}
    {"id":2,"body":"note 2","owner":null,"b":"x'00ff'","d":0.5}
    {"one":1}
    -- stderr
    "#);
}

#[test]
fn statements_come_from_stdin_too() {
    let app = App::migrated();
    let run = app.run_with("sql", &[], "select 1 as one;\nselect\n  2\n  as two;\nselect 3 as three", &[]);
    insta::assert_snapshot!(run.all(), @r"
    0
    -- stdout
    one
    ---
      1
    two
    ---
      2
    three
    -----
        3
    -- stderr
    (1 row)
    (1 row)
    (1 row)
    ");
    let run = app.run_with("sql", &[], "select 1 as one;\nselect nothing;\nselect 3 as three;\n", &[]);
    insta::assert_snapshot!(run.all(), @r#"
    1
    -- stdout
    one
    ---
      1
    -- stderr
    (1 row)
    error: near "nothing": syntax error
    "#);
}

#[test]
fn nothing_is_written_unless_asked_for() {
    let app = App::migrated();
    insta::assert_snapshot!(app.run("sql", &["insert into notes (body) values ('x')"]).all(), @r"
    1
    -- stdout
    -- stderr
    error: attempt to write a readonly database: run with --write
    ");
    insta::assert_snapshot!(app.run("sql", &["--write", "insert into notes (body) values ('x')"]).all(), @r"
    0
    -- stdout
    -- stderr
    1 row changed
    ");
    insta::assert_snapshot!(app.run("sql", &["select ?1"]).all(), @r"
    1
    -- stdout
    -- stderr
    error: placeholders have no values here: write the values themselves
    ");
    assert_eq!(app.run("sql", &["--json", "select count(*) as n from notes"]).stdout, "{\"n\":1}\n");
}

#[test]
fn our_functions_are_there_and_their_errors_readable() {
    let app = App::migrated();
    assert_eq!(
        app.run("sql", &["--json", "select md5('a') as m"]).stdout,
        "{\"m\":\"0cc175b9c0f1b6a831c399e269772661\"}\n"
    );
}

#[test]
fn a_database_that_is_not_there_is_told() {
    insta::assert_snapshot!(App::notes().run("sql", &["select 1"]).all(), @r"
    1
    -- stdout
    -- stderr
    error: there is no database in APP/data

    hint: make one with `martlet migrate DIR`
    ");
}

#[test]
fn a_server_may_run_meanwhile() {
    let app = App::migrated();
    let server = app.serve();
    assert_eq!(server.post("/rest/v1/rpc/add_note", r#"{"body":"a"}"#, "").status, 200);
    assert_eq!(app.run("sql", &["--json", "select body from notes"]).stdout, "{\"body\":\"a\"}\n");
}
