use martlet_testkit::Postgres;

#[tokio::test]
async fn a_throwaway_postgresql_speaks_utf8_in_code_point_order_and_utc() {
    let postgres = Postgres::start();
    let (client, connection) =
        tokio_postgres::connect(&postgres.connection_string("postgres"), tokio_postgres::NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test's connection ends with the test")]
    tokio::spawn(connection);
    let row =
        client.query_one("select 'Z' < 'a', 'z' < 'ä', current_setting('timezone'), lower('Ä')", &[]).await.unwrap();
    assert!(row.get::<_, bool>(0) && row.get::<_, bool>(1));
    assert_eq!(row.get::<_, &str>(2), "UTC");
}
