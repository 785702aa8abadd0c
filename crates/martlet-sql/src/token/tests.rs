use super::*;
use proptest::prelude::*;

fn split_text(text: &str) -> (Source, FileText, Vec<String>) {
    let source = Source::new("x.sql", text);
    let mut sink = Vec::new();
    let file = split(&source, &mut sink);
    (source, file, sink.iter().map(|d| d.message.clone()).collect())
}

fn first_error(text: &str) -> String {
    crate::stack::with_deep_stack(|| first_error_here(text)).expect("there is a thread")
}

fn first_error_here(text: &str) -> String {
    let source = Source::new("x.sql", text);
    let mut sink = Vec::new();
    let file = split(&source, &mut sink);
    for statement in &file.statements {
        parse_statement(&source, statement, &mut sink);
    }
    sink.first().map(Diagnostic::render).unwrap_or_default()
}

#[test]
fn statements_have_spans_and_the_comments_above_them() {
    let text = "\u{feff}-- one\r\n-- @name a\r\nselect 1; -- behind\r\n\r\n/* no */ -- not alone\nselect $$;$$, ';', \";\" -- inner\n , 2 -- after";
    let (source, file, errors) = split_text(text);
    assert_eq!(errors, Vec::<String>::new());
    let texts: Vec<&str> = file.statements.iter().map(|s| source.slice(s.span)).collect();
    assert_eq!(texts, ["select 1", "select $$;$$, ';', \";\" -- inner\n , 2"]);
    let comments: Vec<(&str, bool)> =
        file.statements[1].comments.iter().map(|c| (source.slice(c.span), c.is_alone)).collect();
    assert_eq!(comments, [(" behind", false), (" not alone", false)]);
    assert_eq!(source.slice(file.statements[0].comments[1].span), " @name a");
    assert_eq!(source.slice(file.statements[1].inner_comments[0].span), " inner");
    assert_eq!(source.slice(file.trailing[0].span), " after");
}

#[test]
fn placeholders_are_one_token() {
    let (source, file, _) = split_text("select :a, :step.col, x::text, :b::date, :c .d, a[1:n]");
    let found: Vec<(String, &str)> = file.statements[0]
        .tokens
        .iter()
        .filter_map(|t| match &t.token {
            Token::Placeholder(name) => Some((name.clone(), source.slice(source.span_of(t.span)))),
            _ => None,
        })
        .collect();
    let expected = [":a", ":step.col", ":b", ":c", ":n"].map(|name| (name.to_owned(), name));
    assert_eq!(found, expected);
    assert_eq!(split_text("select $1").2, ["`$1` has no name"]);
}

#[test]
fn nested_comments_nothing_and_only_semicolons() {
    assert_eq!(split_text("/* a /* b */ c */ select 1 ;;; ;").1.statements.len(), 1);
    assert_eq!(split_text("").1.statements.len(), 0);
    assert_eq!(split_text(";; -- x").1.trailing.len(), 1);
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    insta::assert_snapshot!(first_error("select 'open"), @r"
    error: unterminated string literal
     --> x.sql:1:8
      |
    1 | select 'open
      |        ^
    ");
    assert!(first_error("select /* open").starts_with("error: unexpected EOF while in a multi-line comment"));
    assert!(first_error("select \0").contains("x.sql:1:8"));
    assert!(first_error(&" ".repeat(SQL_TEXT_SIZE_MAX + 1)).contains("bytes; at most"));
    assert_eq!(first_error(&format!("select 1{}", " ".repeat(SQL_TEXT_SIZE_MAX - 8))), "");
    insta::assert_snapshot!(first_error("select a b c from t"), @r"
    error: unexpected `c`
     --> x.sql:1:12
      |
    1 | select a b c from t
      |            ^
    ");
    insta::assert_snapshot!(first_error("insert into t (a) values (1) on conflict (a) where b do nothing"), @r"
    error: on conflict (..) where .. is not in the portable subset
     --> x.sql:1:46
      |
    1 | insert into t (a) values (1) on conflict (a) where b do nothing
      |                                              ^^^^^
      = hint: write `on conflict do nothing`, and an update as a statement of its own
    ");
    insta::assert_snapshot!(first_error("select a from"), @r"
    error: expected identifier, but the statement ends here
     --> x.sql:1:14
      |
    1 | select a from
      |              ^
    ");
}

#[test]
fn depth_ends_in_an_error_and_never_in_an_overflow() {
    let deep = |open: &str, close: &str, n: usize| format!("select {}1{}", open.repeat(n), close.repeat(n));
    assert_eq!(first_error(&deep("(", ")", 64)), "");
    assert!(first_error(&deep("(", ")", 65)).contains("nested more than 64 deep"));
    assert!(first_error(&deep("(", ")", 10_000)).contains("nested more than 64 deep"));
    assert!(first_error(&deep("(", "", 10_000)).contains("nested more than 64 deep"));
    assert!(first_error(&deep("case when ", " then 1 end", 10_000)).contains("nested more than 64 deep"));
    for prefix in ["not ", "- ", "+ ", "1 or ", "a = ", "1 union select ", "interval ", "array ", "a::", "~ "] {
        let text = deep(prefix, "", 20_000);
        assert!(!first_error(&text).is_empty(), "{prefix}");
    }
    assert!(first_error(&format!("select 1{}", " or 1".repeat(50_000))).contains("operators in one chain"));
    assert_eq!(first_error(&format!("select 1{}", " or 1".repeat(SQL_CHAIN_MAX))), "");
    assert!(!first_error(&format!("select 1 from t{}", " join t".repeat(20_000))).is_empty());
    assert!(!first_error(&"explain ".repeat(20_000)).is_empty());
    assert!(!first_error(&format!("select {}", "(1 or ".repeat(60))).is_empty());
    assert!(!first_error(&format!("select a::int{}", "[]".repeat(20_000))).is_empty());
    // Many commas are no depth.
    assert_eq!(first_error(&format!("select 1{}", ", 1 + 1".repeat(10_000))), "");
}

#[test]
fn brackets_are_tried_in_bounded_time() {
    let start = std::time::Instant::now();
    for (open, close) in
        [("(", ")"), ("(select ", ")"), ("(select * from ", ")"), ("(values (", "))"), ("f(", ")"), ("exists(", ")")]
    {
        for n in [8, 16, 30, 63] {
            for text in [
                format!("select {}1{}", open.repeat(n), close.repeat(n)),
                format!("select * from {}t{}", open.repeat(n), close.repeat(n)),
                format!("select * from {}t", open.repeat(n)),
                format!("{}select 1{}", open.repeat(n), close.repeat(n)),
                format!("create table t (a int check {}a{})", open.repeat(n), close.repeat(n)),
            ] {
                first_error(&text);
                assert!(start.elapsed().as_secs() < 20, "{text}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(parts in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        first_error(&parts.concat());
    }
}

const WORDS: &[&str] = &[
    "select ",
    "from ",
    "where ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "'",
    "\"",
    "$$",
    "$a$",
    "--",
    "\n",
    "/*",
    "*/",
    ":",
    "::",
    ":a",
    ".",
    "1",
    "1e",
    "0x",
    "e'",
    "u&'",
    "b'",
    "\u{feff}",
    "ä",
    "🦀",
    "\0",
    "\r",
    "\t",
    "not ",
    "and ",
    "or ",
    "case ",
    "when ",
    "end ",
    "insert into ",
    "values ",
    "update ",
    "set ",
    "delete ",
    "returning ",
    "with ",
    "as ",
    "join ",
    "on ",
    "create ",
    "table ",
    "index ",
    "primary key ",
    "check ",
    "interval ",
    "array",
    "?",
    "$1",
    "@",
    "#",
    "->>",
    "||",
    "<",
    "=",
    "*",
    "x ",
    "t ",
    "any",
    "order by ",
];
