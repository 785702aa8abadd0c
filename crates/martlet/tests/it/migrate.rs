use crate::support::App;

#[test]
fn a_dry_run_changes_nothing_and_a_run_applies() {
    let app = App::notes();
    insta::assert_snapshot!(app.run("migrate", &["--dry-run"]).all(), @r"
    0
    -- stdout
    0001_notes
    -- stderr
    would apply, in this order:
    ");
    assert!(!app.file("data").exists());
    insta::assert_snapshot!(app.run("migrate", &[]).without_numbers(), @r"
    N
    -- stdout
    -- stderr
    applied N_notes
    migrated in N.N s
    ");
    insta::assert_snapshot!(app.run("migrate", &[]).all(), @r"
    0
    -- stdout
    -- stderr
    nothing to apply: 1 migration applied before
    ");
    app.save("migrations/0002_more.sql", "create table more (id bigint primary key);\n");
    insta::assert_snapshot!(app.run("migrate", &["--dry-run"]).all(), @r"
    0
    -- stdout
    0002_more
    -- stderr
    would apply, in this order:
    ");
    insta::assert_snapshot!(app.run("migrate", &[]).without_numbers(), @r"
    N
    -- stdout
    -- stderr
    kept a copy of the database as APP/data/backups/before-N_more-N-N-NTN-N-N.db
    applied N_more
    migrated in N.N s
    ");
}

#[test]
fn an_edited_migration_is_refused() {
    let app = App::migrated();
    app.save(
        "migrations/0001_notes.sql",
        "create table notes (id bigint primary key, body text not null, owner uuid);\n",
    );
    insta::assert_snapshot!(app.run("migrate", &[]).all(), @r"
    1
    -- stdout
    -- stderr
    error: `notes` must have a value for id
     --> actions/add_note.sql:4:1
      |
    4 | insert into notes (body, owner) values (:body, auth.uid()) returning id, body
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = hint: give one, or declare a default

    error: `notes` must have a value for id
     --> seed.sql:1:1
      |
    1 | insert into notes (body) select 'note ' || i::text from generate_series(1, ceil(100 * :scale)::int) as g(i)
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = hint: give one, or declare a default
    ");
}

#[test]
fn a_broken_folder_is_not_applied() {
    let app = App::notes();
    app.save("migrations/0002_more.sql", "create table more (id bigint primary kee);\n");
    let run = app.run("migrate", &[]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("migrations/0002_more.sql:1:"), "{run:?}");
    assert!(!app.file("data/app.db").exists());
}

#[test]
fn commands_that_write_wait_for_no_server() {
    let app = App::migrated();
    let _server = app.serve();
    for (command, args) in
        [("migrate", &[][..]), ("seed", &[]), ("sql", &["--write", "select 1"]), ("serve", &[]), ("dev", &["--reset"])]
    {
        let run = app.run(command, args);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stderr.contains("is in use by process"), "{run:?}");
    }
}
