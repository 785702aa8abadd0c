use std::path::Path;

#[test]
fn the_generated_documents_are_current() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let fresh = tempfile::tempdir().unwrap();
    let run = crate::support::martlet(&["generate-docs", fresh.path().to_str().unwrap()], "", &[]);
    assert_eq!(run.code, 0, "{run:?}");
    for name in ["config.md", "errors.md", "cli.md", "metrics.md"] {
        let (kept, fresh) =
            (std::fs::read_to_string(docs.join(name)), std::fs::read_to_string(fresh.path().join(name)));
        assert!(kept.unwrap_or_default() == fresh.unwrap(), "docs/{name} is stale: run `cargo xtask generate`");
    }
}

#[test]
fn the_examples_follow_by_the_same_file() {
    let read = |name| std::fs::read_to_string(crate::support::example(name).join("public/live.js")).unwrap();
    assert!(read("hotel") == read("events"), "examples/hotel/public/live.js and that of events differ: copy one");
}

#[test]
fn every_command_has_help_with_examples() {
    let commands = ["new", "dev", "serve", "check", "migrate", "seed", "sql", "stats", "keys", "config"];
    for command in commands {
        let run = crate::support::martlet(&[command, "--help"], "", &[]);
        assert_eq!(run.code, 0);
        if command != "config" {
            assert!(run.stdout.contains("Examples:"), "{}", run.stdout);
        }
        let first = run.stdout.lines().next().unwrap();
        assert!(!first.is_empty() && !first.ends_with('.'), "{command}: {first}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for args in
        [&[][..], &["fly"], &["serve", "--listen", "everywhere"], &["seed", "--scale", "0"], &["keys", "--role", "x"]]
    {
        assert_eq!(crate::support::martlet(args, "", &[]).code, 2, "{args:?}");
    }
}
