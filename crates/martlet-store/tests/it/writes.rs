//! Writes: steps, expectations, errors, groups.

use crate::support::{TestStore, action, body, expecting, query, statement, statement_with, step, text};
use martlet_core::Value;
use martlet_sql::{Bind, ExpectedRows, Returns};

const USERS: &[&str] = &[
    "create table users (id integer primary key, email text not null unique, age integer check (age > 0)) strict",
    "create table posts (id integer primary key, user_id integer not null references users (id)) strict",
];

#[tokio::test]
async fn later_steps_use_the_first_row_of_earlier_ones() {
    let test = TestStore::with(USERS);
    let insert = step(statement("insert into users (email, age) values (?1, 5) returning id", "id bigint"));
    let post = statement_with(
        "insert into posts (user_id) values (?1) returning id, user_id",
        "id bigint, user_id bigint",
        vec![Bind::StepColumn { step: 0, column: 0 }],
    );
    let signup = action(Returns::Row, vec![insert, step(post)]);
    let before = test.store.position();
    let answer = test.act(&signup, &[text("a@example.test")]).await.unwrap();
    assert_eq!(body(&answer), r#"{"id":1,"user_id":1}"#);
    assert_eq!(answer.position.number, before.number + 1);
    assert_eq!(test.store.position(), answer.position);
}

#[tokio::test]
async fn a_failed_expectation_undoes_everything() {
    let test = TestStore::with(USERS);
    let refuse = action(
        Returns::Nothing,
        vec![
            step(statement("insert into users (email) values ('x')", "")),
            expecting(
                statement("update users set age = 3 where id = 99", ""),
                ExpectedRows::Exactly(1),
                422,
                "no_user",
            ),
        ],
    );
    let error = test.act(&refuse, &[]).await.unwrap_err();
    assert_eq!((error.code.as_ref(), error.status, error.message.as_str()), ("no_user", Some(422), "no_user happened"));
    let count = query(Returns::Value, "select count(*) from users", "count bigint");
    assert_eq!(test.text(&count, &[]).await, "0");
    assert_eq!(test.act(&refuse, &[Value::Null]).await.unwrap_err().code, "no_user");
}
