//! A small app, its plans by hand: these tests are about HTTP, not about the compiler.

use martlet_core::{ParamType, Type};
use martlet_sql::{
    Action, Allow, App, Bind, Catalogue, Column, Declaration, EngineText, Expect, ExpectedRows, Migration, Param,
    Query, Returns, Span, Statement, StatementKind, Step, TableUse, Volatility,
};
use std::sync::Arc;

const NOTES: &str = "create table notes (id integer primary key, text text not null) strict";
const COUNT: &str = "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?1) \
                     select max(i) as count from n";

pub(crate) fn app() -> App {
    let text = || param("text", Type::Text);
    let queries = [
        query(declare("greet", &[Allow::Anyone], vec![param("name", Type::Text)], Returns::Rows), {
            statement("select ?1 as greeting", vec![Bind::Parameter(0)], &[("greeting", Type::Text)])
        }),
        query(declare("whoami", &[Allow::Anyone], vec![], Returns::Row), {
            let columns = &[("uid", Type::Uuid), ("role", Type::Text)];
            statement("select ?1 as uid, ?2 as role", vec![Bind::UserId, Bind::Role], columns)
        }),
        query(declare("notes", &[Allow::User], vec![], Returns::Rows), {
            reading(statement("select id, text from notes order by id", vec![], NOTE))
        }),
        query(declare("note", &[Allow::Anyone], vec![param("id", Type::Bigint)], Returns::Row), {
            reading(statement("select id, text from notes where id = ?1", vec![Bind::Parameter(0)], NOTE))
        }),
        query(
            declare("secrets", &[], vec![], Returns::Rows),
            statement("select 1 as n", vec![], &[("n", Type::Bigint)]),
        ),
        query(declare("count", &[Allow::Anyone], vec![param("high", Type::Bigint)], Returns::Value), {
            statement(COUNT, vec![Bind::Parameter(0)], &[("count", Type::Bigint)])
        }),
        query(timed(declare("slow", &[Allow::Anyone], vec![param("high", Type::Bigint)], Returns::Value)), {
            statement(COUNT, vec![Bind::Parameter(0)], &[("count", Type::Bigint)])
        }),
    ];
    let add = || insert("insert into notes (text) values (?1) returning id, text", NOTE);
    let actions = [
        action(declare("add_note", &[Allow::User], vec![text()], Returns::Row), add(), None),
        action(declare("add_notes", &[Allow::User], vec![text()], Returns::Rows), add(), None),
        action(
            declare("log", &[Allow::User], vec![text()], Returns::Nothing),
            insert("insert into notes (text) values (?1)", &[]),
            None,
        ),
        action(
            declare("refuse", &[Allow::Anyone], vec![text()], Returns::Nothing),
            insert("insert into notes (text) values (?1)", &[]),
            Some(Expect {
                rows: ExpectedRows::None,
                status: 418,
                code: "too_many_notes".to_owned(),
                message: "there are notes enough".to_owned(),
            }),
        ),
    ];
    App {
        catalogue: Catalogue::default(),
        migrations: vec![Migration {
            name: "0001_notes".to_owned(),
            file: "migrations/0001_notes.sql".to_owned(),
            checksum: "0".repeat(64),
            sqlite: vec![NOTES.to_owned()],
            postgres: Vec::new(),
        }],
        queries: queries.into_iter().map(|query| (query.declaration.name.clone(), Arc::new(query))).collect(),
        actions: actions.into_iter().map(|action| (action.declaration.name.clone(), Arc::new(action))).collect(),
        seed: None,
    }
}

const NOTE: &[(&str, Type)] = &[("id", Type::Bigint), ("text", Type::Text)];

fn declare(name: &str, allow: &[Allow], params: Vec<Param>, returns: Returns) -> Declaration {
    Declaration { name: name.to_owned(), allow: allow.to_vec(), params, returns, ..Declaration::default() }
}

fn timed(declaration: Declaration) -> Declaration {
    Declaration { timeout_ms: Some(200), ..declaration }
}

fn param(name: &str, base: Type) -> Param {
    Param {
        name: name.to_owned(),
        ty: ParamType { base, is_list: false },
        rules: Vec::new(),
        is_optional: false,
        default: None,
        description: String::new(),
        span: Span::default(),
    }
}

fn statement(sql: &str, binds: Vec<Bind>, columns: &[(&str, Type)]) -> Statement {
    let column = |(name, ty): &(&str, Type)| Column { name: (*name).to_owned(), ty: *ty, is_nullable: true };
    Statement {
        kind: StatementKind::Select,
        span: Span::default(),
        sqlite: EngineText { text: sql.to_owned(), binds },
        postgres: EngineText::default(),
        columns: columns.iter().map(column).collect(),
        reads: Vec::new(),
        writes: Vec::new(),
        volatility: Volatility::Immutable,
        rows_max: None,
    }
}

fn of_notes() -> Vec<TableUse> {
    vec![TableUse { table: "notes".to_owned(), columns: ["id", "text"].map(str::to_owned).into() }]
}

fn reading(statement: Statement) -> Statement {
    Statement { reads: of_notes(), ..statement }
}

fn insert(sql: &str, columns: &[(&str, Type)]) -> Statement {
    let statement = statement(sql, vec![Bind::Parameter(0)], columns);
    Statement { kind: StatementKind::Insert, reads: of_notes(), writes: of_notes(), ..statement }
}

fn query(declaration: Declaration, statement: Statement) -> Query {
    Query { file: format!("queries/{}.sql", declaration.name), declaration, statement }
}

fn action(declaration: Declaration, statement: Statement, expect: Option<Expect>) -> Action {
    let steps = vec![Step { statement, name: None, expect }];
    Action { file: format!("actions/{}.sql", declaration.name), declaration, steps, answer: 0 }
}
