//! Any bytes as a JSON body, and as the text of a URL's argument, for a declaration with every type and rule.
#![no_main]

use libfuzzer_sys::fuzz_target;
use martlet_engine::{Arguments, CompiledParams};
use martlet_sql::{SourceFile, compile};
use std::sync::LazyLock;

const QUERY: &str = "-- @param a integer 1..30 optional
-- @param b bigint in (1, 2) optional
-- @param c double ..0.5 optional
-- @param d boolean optional
-- @param e text trim lower 1..10 matches /^[a-z ]*$/ optional
-- @param f date optional
-- @param g date f+1..f+30 optional
-- @param h timestamptz optional
-- @param i uuid optional
-- @param j jsonb optional
-- @param k text[] email 0..3 optional
-- @param l bigint[] optional
-- @param m text url optional
select 1 as one
";

static PARAMS: LazyLock<(CompiledParams, Vec<String>)> = LazyLock::new(|| {
    let file = SourceFile { path: "queries/q.sql".into(), text: QUERY.into() };
    let app = compile(&[file]).app.expect("the query compiles");
    let declaration = &app.queries["q"].declaration;
    let params = CompiledParams::new(declaration).expect("its expressions compile");
    (params, declaration.params.iter().map(|param| param.name.clone()).collect())
});

fuzz_target!(|bytes: &[u8]| {
    check(Arguments::Json(bytes));
    let text = String::from_utf8_lossy(bytes);
    for name in &PARAMS.1 {
        check(Arguments::Url(&[(name.clone(), text.to_string())]));
    }
});

fn check(arguments: Arguments<'_>) {
    match PARAMS.0.read(arguments) {
        Ok(values) => assert_eq!(values.len(), PARAMS.1.len()),
        Err(error) => assert!(matches!((error.code.as_ref(), error.details.len()), ("PGRST102", 0) | ("MRT001", 1..))),
    }
}
