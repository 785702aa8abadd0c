//! A throwaway PostgreSQL that answers, with an error as its SQLSTATE.

use martlet_testkit::Postgres;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// The first column of every row, and how many rows the last statement gave or wrote.
pub(crate) type Rows = (Vec<Option<String>>, u64);

/// SQLSTATE and message.
pub(crate) type Fault = (String, String);

/// A server of its own, gone when dropped.
pub(crate) struct Oracle {
    runtime: Runtime,
    client: Client,
    _server: Postgres,
}

/// Evaluates an expression; `!SQLSTATE` for an error.
const TRY: &str = "
    create function try(expression text) returns text language plpgsql as $$
    declare answer text;
    begin
      execute 'select (' || expression || ')::text' into answer;
      return answer;
    exception when others then
      return '!' || sqlstate;
    end $$";

impl Oracle {
    pub(crate) fn start() -> Self {
        let server = Postgres::start();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let connected = runtime.block_on(tokio_postgres::connect(&server.connection_string("postgres"), NoTls));
        let (client, connection) = connected.unwrap();
        runtime.spawn(connection);
        let oracle = Self { runtime, client, _server: server };
        oracle.run(TRY).unwrap();
        oracle.run(martlet_store::functions::POSTGRES_PRELUDE).unwrap();
        oracle.run("alter database postgres set search_path = public, martlet").unwrap();
        oracle.run("set search_path = public, martlet").unwrap();
        oracle
    }

    /// Runs statements and gives the first column of every row; the SQLSTATE and message of an error.
    pub(crate) fn run(&self, sql: &str) -> Result<Vec<Option<String>>, Fault> {
        self.run_counted(sql).map(|(rows, _)| rows)
    }

    /// As [`Oracle::run`], with the count of rows that the last statement gave or wrote.
    pub(crate) fn run_counted(&self, sql: &str) -> Result<Rows, Fault> {
        let messages = self.runtime.block_on(self.client.simple_query(sql)).map_err(|fault| {
            let fault = fault.as_db_error().unwrap_or_else(|| panic!("the oracle is gone: {fault} in {sql}"));
            (fault.code().code().to_owned(), fault.message().to_owned())
        })?;
        let (mut rows, mut count) = (Vec::new(), 0);
        for message in messages {
            match message {
                SimpleQueryMessage::Row(row) => rows.push(row.get(0).map(str::to_owned)),
                SimpleQueryMessage::CommandComplete(affected) => count = affected,
                _ => {}
            }
        }
        Ok((rows, count))
    }

    /// Waits for a future of ours on the runtime of the connection.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Evaluates each expression: its text, `null`, or `!SQLSTATE`.
    pub(crate) fn evaluate(&self, expressions: &[String]) -> Vec<String> {
        let list: Vec<String> = expressions.iter().map(|expression| quoted(expression)).collect();
        let answers: Vec<Option<String>> = list
            .chunks(500)
            .flat_map(|chunk| {
                let sql = format!(
                    "select try(e) from unnest(array[{}]) with ordinality as x(e, n) order by n",
                    chunk.join(",")
                );
                self.run(&sql).unwrap()
            })
            .collect();
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| "null".to_owned())).collect()
    }
}

/// A text as an SQL literal of both engines.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
