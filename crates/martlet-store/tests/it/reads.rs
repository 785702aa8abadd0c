//! Reads: shapes, limits, snapshots, budget, deadlines.

use crate::support::{TestStore, body, query, read_of, text, write};
use martlet_core::Value;
use martlet_sql::Returns;

const ROOMS: &[&str] = &[
    "create table rooms (id integer primary key, name text not null, price real) strict",
    "insert into rooms values (1, 'one', 1.5), (2, 'tw\"o', null)",
];

#[tokio::test]
async fn each_shape_has_its_form() {
    let test = TestStore::with(ROOMS);
    let all = "select id, name, price from rooms order by id";
    let columns = "id bigint, name text, price double precision";
    let of = |returns, sql: &str| query(returns, sql, columns);
    assert_eq!(
        test.text(&of(Returns::Rows, all), &[]).await,
        r#"[{"id":1,"name":"one","price":1.5},{"id":2,"name":"tw\"o","price":null}]"#
    );
    let one = "select id, name, price from rooms where id = ?1";
    assert_eq!(test.text(&of(Returns::Row, one), &[Value::Integer(1)]).await, r#"{"id":1,"name":"one","price":1.5}"#);
    assert_eq!(test.text(&of(Returns::Value, one), &[Value::Integer(2)]).await, "2");
    assert_eq!(test.text(&of(Returns::Value, one), &[Value::Integer(3)]).await, "null");
    assert_eq!(test.text(&of(Returns::Nothing, all), &[]).await, "(nothing)");
    assert_eq!(test.text(&of(Returns::Rows, one), &[Value::Integer(3)]).await, "[]");
    let error = test.read(&of(Returns::Row, one), &[Value::Integer(3)]).await.unwrap_err();
    assert_eq!(error.code, "PGRST116");
    let error = test.read(&of(Returns::Row, all), &[]).await.unwrap_err();
    assert_eq!(error.code, "MRT006");
}

#[tokio::test]
async fn a_batch_shows_one_commit() {
    let test = TestStore::with(ROOMS);
    let count = query(Returns::Value, "select count(*) from rooms", "count bigint");
    test.act(&write("insert into rooms values (?1, ?2, 0)"), &[Value::Integer(3), text("three")]).await.unwrap();
    let snapshot = test.read_all(vec![read_of(&count, &[]), read_of(&count, &[])]).await.unwrap();
    let bodies: Vec<String> = snapshot.answers.iter().map(|answer| body(answer.as_ref().unwrap())).collect();
    assert_eq!(bodies, ["3", "3"]);
    assert_eq!(snapshot.position, test.store.position());
}
