//! Texts of SQL: only the folder has any, and what reaches out of the database or has no end is refused there.

use super::{Site, refused};
use crate::support::App;

/// What `check` says of a folder with one more file; it must refuse it by that file.
fn check(path: &str, text: &[u8]) -> String {
    let app = App::notes();
    let full = app.file(path);
    std::fs::create_dir_all(full.parent().unwrap()).unwrap();
    std::fs::write(full, text).unwrap();
    let run = app.run("check", &[]);
    let told = run.stdout + &run.stderr;
    assert_eq!(run.code, 1, "{path}: {}: {told}", String::from_utf8_lossy(text));
    assert!(told.contains(path), "{path}: {told}");
    assert!(!told.contains("panic"), "{told}");
    told
}

#[test]
fn abuse_sql_04_a_query_is_one_statement() {
    for text in [
        "select 1 as a; select 2 as b",
        "select 1 as a; drop table notes",
        "select 1 as a -- \n; delete from notes",
        "select 1 as a /* ; */ ; delete from notes /* */",
        "select 1 as a /* /* nested */ ; */; delete from notes",
        "select $$;$$ as a; delete from notes",
        "select $tag$ $$ ; $tag$ as a; delete from notes",
        "select ';' as a; delete from notes",
        "select 1 as a;;delete from notes",
        "select 1 as a\0; delete from notes",
        "delete from notes; select 1 as a",
        "begin; select 1 as a",
        "select 1 as a; commit",
    ] {
        check("queries/twice.sql", format!("-- @allow anyone\n{text}\n").as_bytes());
    }
    // Over HTTP there is no text of SQL; what looks like one is a name or a value.
    let site = Site::start();
    for name in ["total;keep", "total%3Bkeep", "total%00", "total--", "total/*", "total%20", "select%201", "TOTAL"] {
        let (status, answer) = site.raw(&format!("/rest/v1/rpc/{name}"), b"");
        assert!([400, 404].contains(&status), "{name}: {answer}");
    }
    assert_eq!(site.server.get("/rest/v1/rpc/total").body, "0");
}

#[test]
fn abuse_sql_06_far_too_much_is_refused_by_our_own_limits() {
    let site = Site::start();
    for count in [101, 32_767, 65_535, 70_000] {
        let keys: Vec<String> = (0..count).map(|key| format!("\"k{key}\":1")).collect();
        let reply = site.call("two", &format!("{{{}}}", keys.join(",")));
        if reply.status == 413 {
            assert_eq!(refused(&reply, 413), "MRT003", "{count}");
        } else {
            assert_eq!(refused(&reply, 400), "MRT001", "{count}");
            assert!(reply.body.len() < 20_000, "{count}: an answer of {} bytes", reply.body.len());
        }
        let url: Vec<String> = (0..count.min(1_200)).map(|key| format!("k{key}=1")).collect();
        let (status, answer) = site.raw(&format!("/rest/v1/rpc/two?{}", url.join("&")), b"");
        assert!([400, 414].contains(&status), "{count}: {answer}");
    }
    let began = std::time::Instant::now();
    let header = "-- @allow anyone\n";
    let many = |count: usize, one: &str, between: &str| vec![one; count].join(between);
    for text in [
        format!("{header}select '{}' as a", "x".repeat(1_048_576)),
        format!("{header}select 1 as a where {}", many(20_000, "1=1", " or ")),
        format!("{header}select 1 as a where {}", many(100_000, "1=1", " or ")),
        format!("{header}select {}1{} as a", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{header}select {}", "(".repeat(100_000)),
        format!("{header}select {}1 as a", "not ".repeat(20_000)),
        format!("{header}select {}1 as a", "- ".repeat(20_000)),
        format!("{header}select {}1{} as a", "case when true then ".repeat(5_000), " end".repeat(5_000)),
        format!("{header}select * from {}notes{} as n", "(select * from ".repeat(2_000), ") as n".repeat(2_000)),
        format!("{header}{}", many(5_000, "select 1 as a", " union all ")),
        format!("{header}select {} as a", many(20_000, "1", "::text::bigint + ")),
        format!("{header}select {}", many(40_000, "1 as a", ", ")),
        format!("{header}select 1 as a where 1 in ({})", many(150_000, "1", ",")),
    ] {
        let told = check("queries/large.sql", text.as_bytes());
        assert!(told.len() < 20_000, "{} bytes told of {}", told.len(), &text[..80]);
    }
    let params: String = (0..101).map(|number| format!("-- @param p{number} bigint\n")).collect();
    check("queries/large.sql", format!("{header}{params}select 1 as a\n").as_bytes());
    check("actions/large.sql", format!("{header}{}", many(65, "delete from notes", ";\n")).as_bytes());
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn abuse_sql_17_what_reaches_out_of_the_database_is_refused_in_the_folder() {
    for text in [
        "attach database '/tmp/x.db' as x",
        "detach database main",
        "pragma writable_schema = on",
        "vacuum into '/tmp/x.db'",
        "vacuum",
        "select load_extension('/tmp/x.so') as x",
        "select readfile('/etc/passwd') as x",
        "select writefile('/tmp/x', 'x') as x",
        "select * from pragma_database_list",
        "select * from sqlite_schema",
        "select * from sqlite_master",
        "select * from dbstat",
        "select * from fsdir('/')",
        "select * from martlet_migrations",
        "select * from martlet_idempotency",
        "select * from pg_catalog.pg_class",
        "select * from information_schema.tables",
        "with w as (select load_extension('x') as x) select x from w",
        "with w as (select readfile('x') as x) select x from w",
        "select (select readfile('x')) as x",
        "copy notes to program 'id'",
        "copy notes from '/etc/passwd'",
        "select pg_read_file('/etc/passwd') as x",
        "select lo_import('/etc/passwd') as x",
        "select * from dblink('host=x', 'select 1') as t(a int)",
        "set role postgres",
        "set search_path = x",
        "do $$ begin end $$",
        "create function f() returns int language sql as 'select 1'",
        "create extension dblink",
        "listen x",
        "notify x",
        "prepare p as select 1",
        "execute p",
        "call p()",
        "grant all on notes to public",
        "create temp table t (a int)",
        "create table t as select 1",
        "explain select 1",
        "reindex",
        "analyze",
        "select set_config('x', 'y', false) as x",
        "select current_setting('x') as x",
        "select pg_sleep(10) as x",
        "select query_to_xml('select 1', true, true, '') as x",
        "select fts3_tokenizer('x') as x",
        "select sqlite_version() as x",
        "select zeroblob(1000000000) as x",
        "select randomblob(1000000000) as x",
        "select edit('x') as x",
    ] {
        check("queries/out.sql", format!("-- @allow anyone\n{text}\n").as_bytes());
        check("actions/out.sql", format!("-- @allow anyone\n{text}\n").as_bytes());
    }
    for text in [
        "attach database '/tmp/x.db' as x;",
        "pragma writable_schema = on;",
        "vacuum into '/tmp/x.db';",
        "create view out as select load_extension('x') as x;",
        "create view out as select readfile('/etc/passwd') as x;",
        "create view out as select * from pragma_database_list;",
        "create view out as select * from sqlite_schema;",
        "create view out as with w as (select readfile('x') as x) select x from w;",
        "create trigger t after insert on notes begin select load_extension('x'); end;",
        "create trigger t after insert on notes for each row execute function f();",
        "create table t (a text default (readfile('/etc/passwd')));",
        "create table t (a text check (load_extension(a) is null));",
        "create index i on notes (load_extension(body));",
        "create virtual table t using fts5(a);",
        "create table martlet_x (id bigint primary key);",
        "create table sqlite_x (id bigint primary key);",
        "copy notes to program 'id';",
        "do $$ begin end $$;",
        "set role postgres;",
    ] {
        check("migrations/0002_out.sql", text.as_bytes());
    }
}

#[test]
fn abuse_sql_18_hints_name_only_what_the_caller_may_call() {
    let site = Site::start();
    // A stranger's misspelling of a name of the service's, and of what was never there, are told alike.
    let shape = |name: &str| {
        let reply = site.call(name, "{}");
        assert_eq!(refused(&reply, 404), "PGRST202", "{name}");
        reply.body.replace(name, "NAME")
    };
    let nowhere = shape("zzzzzzzzzzzzz");
    for name in
        ["hidden_total", "hidden_totalz", "hiddentotals", "idden_totals", "hidden_totals_", "hidden_ledgr", "thingz"]
    {
        assert_eq!(shape(name), nowhere, "{name}");
    }
    assert!(site.call("namedd", "{}").body.contains("public.named"), "what it may call is a help");
    let forbidden = site.call("hidden_totals", "{}");
    assert_eq!(refused(&forbidden, 401), "42501");
    // Arguments: only the parameters of what it may call.
    let wrong = site.call("two", r#"{"amount":1}"#);
    assert_eq!(refused(&wrong, 400), "MRT001");
    assert!(!wrong.body.contains("ledger"), "{wrong:?}");
    let many = site.call("hidden_totals", r#"{"a":1,"b":[}"#);
    assert!([400, 401].contains(&many.status) && !many.body.contains("ledger"), "{many:?}");
}
