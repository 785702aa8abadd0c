use super::*;
use crate::Returns;
use proptest::prelude::*;

fn folder(files: &[(&str, &str)]) -> Compiled {
    let files: Vec<SourceFile> =
        files.iter().map(|(path, text)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
    compile(&files)
}

#[test]
fn nothing_is_an_app_too() {
    let compiled = folder(&[("public/index.html", "<p>"), ("martlet.toml", "")]);
    assert_eq!(compiled.diagnostics, Vec::new());
    assert!(compiled.app.is_some_and(|app| app.queries.is_empty() && app.seed.is_none()));
}

#[test]
fn findings_are_in_order_of_file_and_place_whatever_the_files_order() {
    let files = [
        ("queries/b.sql", "-- @allow nobody\n-- @xyz\nselect 1 as x"),
        ("queries/a.sql", "-- @allow nobody\nselect 1 as x"),
        ("migrations/1_x.sql", "create type t as enum ('a')"),
    ];
    let places = |files: &[(&str, &str)]| {
        folder(files).diagnostics.iter().map(|found| (found.file.clone(), found.line)).collect::<Vec<_>>()
    };
    let mut reversed = files;
    reversed.reverse();
    assert_eq!(places(&files), places(&reversed));
    let expected = [("migrations/1_x.sql", 1), ("queries/a.sql", 1), ("queries/b.sql", 1), ("queries/b.sql", 2)];
    assert_eq!(places(&files), expected.map(|(file, line)| (file.to_owned(), line)));
}

#[test]
fn a_flood_of_findings_is_cut_and_errors_stay() {
    // A note each.
    let files: Vec<String> = (0..2 * DIAGNOSTICS_MAX).map(|index| format!("jobs/j{index:04}.sql")).collect();
    let mut files: Vec<(&str, &str)> =
        files.iter().map(|path| (path.as_str(), "-- @every 5m\nselect 1 as x")).collect();
    files.push(("queries/zz.sql", "-- @allow nobody\nselect 1 as x"));
    let compiled = folder(&files);
    assert_eq!(compiled.diagnostics.len(), DIAGNOSTICS_MAX + 1);
    assert_eq!(compiled.diagnostics[0].file, "queries/zz.sql");
    assert!(compiled.app.is_none());
}

#[test]
fn routes_that_clash_are_told_with_both_places() {
    let query = |path: &str| format!("-- @allow anyone\n-- @param id bigint\n-- @route GET {path}\nselect :id as id");
    let (first, second) = (query("/api/x/{id}"), query("/api/x/{id}"));
    let other = query("/api/{id}").replace("@param id", "@param key").replace("{id}", "{key}").replace(":id", ":key");
    let third = query("/api/{id}");
    let compiled = folder(&[
        ("queries/a.sql", &first),
        ("queries/b.sql", &second),
        ("queries/c.sql", &other),
        ("queries/d.sql", &third),
    ]);
    let told: Vec<_> =
        compiled.diagnostics.iter().map(|found| (found.file.as_str(), found.line, found.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("queries/b.sql", 3, "`GET /api/x/{id}` is also a route of `a`, at queries/a.sql:3"),
            ("queries/d.sql", 3, "`GET /api/{id}` is also a route of `c`, at queries/c.sql:3"),
        ]
    );
    assert!(compiled.app.is_none());
    for ours in ["/rest/v1/x", "/auth/x", "/_/x", "/health", "/api/health", "/metrics", "/openapi.json", "/_dev/x"] {
        let compiled = folder(&[("queries/a.sql", &query(ours))]);
        assert!(compiled.diagnostics[0].message.ends_with("are Martlet's own"), "{ours}");
    }
}

#[test]
fn an_action_without_columns_answers_nothing() {
    let compiled = folder(&[
        ("migrations/1_t.sql", "create table t (id bigint primary key)"),
        ("actions/a.sql", "-- @allow user\ndelete from t"),
        ("actions/b.sql", "-- @allow user\ndelete from t returning id"),
    ]);
    let app = compiled.app.expect("no error");
    assert_eq!(app.actions["a"].declaration.returns, Returns::Nothing);
    assert_eq!(app.actions["b"].declaration.returns, Returns::Rows);
    assert_eq!(app.actions["b"].answer, 0);
}

#[test]
fn the_example_compiles() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/hotel");
    let mut files = Vec::new();
    for folder in ["migrations", "queries", "actions", "."] {
        for entry in std::fs::read_dir(format!("{root}/{folder}")).expect("the example") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let name = path.file_name().expect("a file").to_string_lossy().into_owned();
                let path_in = if folder == "." { name } else { format!("{folder}/{name}") };
                files.push(SourceFile { path: path_in, text: std::fs::read_to_string(&path).expect("a text") });
            }
        }
    }
    let compiled = compile(&files);
    let said: Vec<String> = compiled.diagnostics.iter().map(Diagnostic::render).collect();
    assert_eq!(said, Vec::<String>::new());
    let app = compiled.app.expect("no error");
    assert_eq!(app.queries.keys().collect::<Vec<_>>(), ["availability", "my_bookings", "report", "room_types"]);
    assert_eq!(app.actions["book_room"].answer, 3);
    assert!(app.seed.is_some());
}

/// Texts of every kind of file, to be cut and mixed.
const TEXTS: &[&str] = &[
    "-- @small\ncreate table a (id bigint generated by default as identity primary key, b text not null default 'x' check (length(b) > 0), c date, unique (b, c));",
    "create table d (id bigint primary key references a (id) on delete cascade, e double precision, f boolean default true, g jsonb);",
    "create unique index i on a (b desc, c) where c is not null;",
    "create view v (x, y) as select id, b from a where c > date '2026-01-01';",
    "alter table a add column h integer not null default 5; alter table a rename column b to k; alter table a rename to aa; alter table d drop column e; alter table d alter column f drop default;",
    "drop view if exists v; drop index i; drop table d;",
    "-- Text.\n-- @allow user, role admin\n-- @param p bigint 1..p+5 = 3 Text\n-- @param q text[] in ('a') optional\n-- @returns row\n-- @page by id desc size 5\n",
    "with x as (select id, count(*) over (partition by b order by c) as n from a group by id) select * from x where n = any(:q) or id between :p and :p + 1 order by 1 desc limit 5;",
    "-- @name s\n-- @expect row else 409 code \"Text\"\ninsert into a (b, c) values (:p, current_date) on conflict (b, c) do update set b = excluded.b returning id, b;",
    "-- @answer\nupdate a set b = :s.b || lower(b), c = c + 1 where id = :s.id and exists (select 1 from d where d.id = a.id);",
    "delete from d using a where a.id = d.id;",
    "insert into a (b) select md5(g.i::text) from generate_series(1, round(100 * :scale)::bigint) as g(i);",
    "select case when a.g ->> 'x' is null then 1 else (a.g -> 'y')::integer end, '2026-01-01'::timestamptz + interval '1 day' from a left join d on a.id = d.id;",
];
const PATHS: &[&str] = &["migrations/1_a.sql", "migrations/2_b.sql", "queries/a.sql", "actions/b.sql", "seed.sql"];

/// A place in the text where its words begin or end.
fn boundaries(text: &str) -> Vec<usize> {
    let is_edge = |(at, c): &(usize, char)| *at == 0 || !c.is_alphanumeric();
    text.char_indices().filter(is_edge).map(|(at, _)| at).chain([text.len()]).collect()
}

/// Cuts a piece out of a text, doubles it or puts another's piece in its place.
fn mutate(text: &str, other: &str, (kind, a, b, c): (u8, usize, usize, usize)) -> String {
    let edges = boundaries(text);
    let (from, to) = (edges[a % edges.len()], edges[b % edges.len()]);
    let (from, to) = (from.min(to), from.max(to));
    let others = boundaries(other);
    let start = others[c % others.len()];
    let end = others[(c + 1 + b % 5).min(others.len() - 1)..].first().copied().unwrap_or(other.len()).max(start);
    match kind % 4 {
        0 => format!("{}{}", &text[..from], &text[to..]),
        1 => format!("{}{}{}", &text[..to], &text[from..to], &text[to..]),
        2 => format!("{}{}{}", &text[..from], &other[start..end], &text[to..]),
        _ => format!("{}{}{}", &text[..from], &other[start..end], &text[from..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_folder_makes_it_panic_or_hang(
        files in prop::collection::vec(
            (0..PATHS.len(), prop::collection::vec(0..TEXTS.len(), 1..5), prop::collection::vec(any::<(u8, usize, usize, usize)>(), 0..6)),
            1..5,
        )
    ) {
        let files: Vec<SourceFile> = files
            .into_iter()
            .map(|(path, texts, mutations)| {
                let text = texts.iter().map(|index| TEXTS[*index]).collect::<Vec<_>>().join("\n");
                let text = mutations.into_iter().fold(text, |text, mutation| mutate(&text, TEXTS[mutation.1 % TEXTS.len()], mutation));
                SourceFile { path: PATHS[path].to_owned(), text }
            })
            .collect();
        let start = std::time::Instant::now();
        let compiled = compile(&files);
        prop_assert!(start.elapsed().as_secs() < 10);
        for found in &compiled.diagnostics {
            found.render();
        }
    }
}

#[test]
fn a_query_by_itself_is_lowered_as_in_its_folder() {
    let files = [
        ("migrations/1.sql", "create table t (id bigint primary key, day date not null)"),
        ("queries/q.sql", "-- @allow anyone\n-- @param d date\nselect id, :d - day as days from t where day < :d"),
        ("queries/broken.sql", "-- @allow anyone\nselect nothing from nowhere"),
    ];
    let app = folder(&files[..2]).app.unwrap();
    let file = |index: usize| SourceFile { path: files[index].0.into(), text: files[index].1.into() };
    let tree = typed_tree(&file(1), &app.catalogue).unwrap();
    assert_eq!(lowered(&tree), app.queries["q"].statement.sqlite);
    assert!(typed_tree(&file(2), &app.catalogue).is_none());
}
