//! The command line: what can be asked, with help that teaches. What a command does is in `commands/`.

use crate::commands::bench::Budget;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serve a folder of SQL
#[derive(Debug, Parser)]
#[command(
    name = "martlet",
    version,
    propagate_version = false,
    disable_help_subcommand = true,
    after_help = "\
Begin:
  martlet new shop --template hotel   a folder that runs
  martlet dev shop                    serve it, and reload on save

Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 a bug in Martlet.
Data goes to stdout, everything else to stderr. NO_COLOR is honoured."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a folder that runs
    #[command(after_help = "\
Examples:
  martlet new shop                    one table, one query, one action, a page
  martlet new shop --template hotel   a whole app: rooms, bookings, payments")]
    New(NewArgs),
    /// Serve a folder while you write it: migrate, seed, reload on save
    #[command(after_help = "\
Examples:
  martlet dev shop
  martlet dev shop --listen 127.0.0.1:3000
  martlet dev shop --reset            begin with an empty database again; the old one is kept beside it

A saved file answers within a second. A broken one leaves the last good app serving;
the error shows here and in the browser. New migrations are applied as they are saved.")]
    Dev(DevArgs),
    /// Serve a folder in production: nothing is changed that was not asked for
    #[command(after_help = "\
Examples:
  martlet migrate shop && martlet serve shop
  martlet serve shop --listen 0.0.0.0:8080 --data /var/lib/shop

Refuses to start while migrations are missing. Stops on SIGTERM or SIGINT after the
requests under way have ended; a second signal stops at once. Logs are JSON on stderr.")]
    Serve(ServeArgs),
    /// Check every file of a folder
    #[command(after_help = "\
Examples:
  martlet check shop
  martlet check shop --json           for editors and CI

All mistakes are told at once, each with its place and what to write instead. Plans every
query and action on a scratch database: a read that grows with its table is refused.
Exits with 1 when there is an error; warnings and notes exit with 0.")]
    Check(CheckArgs),
    /// Show what a query or action does: its SQL, what it reads and writes, the plan and its proof
    #[command(after_help = "\
Examples:
  martlet explain shop availability
  martlet explain shop availability check_in=2026-03-01 check_out=2026-03-04

Plans on a scratch database in memory; the app's own is not touched, and nothing is run.")]
    Explain(ExplainArgs),
    /// Apply the migrations that are missing
    #[command(after_help = "\
Examples:
  martlet migrate shop --dry-run      what would be applied
  martlet migrate shop

A copy of the database is taken first. All migrations apply in one transaction, or none does.
An applied file that was edited is refused: write a new migration instead.")]
    Migrate(MigrateArgs),
    /// Fill the database from seed.sql
    #[command(after_help = "\
Examples:
  martlet seed shop                   a hundredth of the rows
  martlet seed shop --scale 1         all of them

Refuses a database that has rows, unless --yes says to add to them.")]
    Seed(SeedArgs),
    /// Run SQL on the database
    #[command(after_help = "\
Examples:
  martlet sql shop 'select count(*) from bookings'
  martlet sql shop --json 'select * from room_types'
  martlet sql shop                    reads statements from stdin, each ended by `;`

The dialect is SQLite's, with Martlet's functions. Reads only, unless --write is given.")]
    Sql(SqlArgs),
    /// Load a folder's queries as many callers would, and judge them by a budget
    #[command(after_help = "\
Examples:
  martlet bench shop                            every query that may be called, for 10 seconds
  martlet bench shop availability --budget p99=50ms
  martlet bench shop --rate 500 --budget p99=20ms,errors=0%
  martlet bench shop --scale 1 --actions        on a database of its own, filled by seed.sql; actions too
  martlet bench shop --json                     for CI

Runs on a copy of the database, with a server and keys of its own; yours are not touched.
Arguments are drawn by the declared types, rules and, where a parameter is compared with a
column, from the rows; DIR/bench.toml says better, with weights and budgets for each.
Exits with 1 when a budget is missed or a query only errs.")]
    Bench(BenchArgs),
    /// Show what a running server has counted of each query and action
    #[command(after_help = "\
Examples:
  martlet stats shop
  martlet stats shop --json

Hits are answers from memory; calls, times and all else are of the database. Those that took longest
there stand first. Times are without what was waited; percentiles may be an eighth too high. Counted
since the server started.")]
    Stats(StatsArgs),
    /// Compare a time with the one before: traffic, errors, times, hit rate, what has changed
    #[command(after_help = "\
Examples:
  martlet report shop                      the last 7 days against the 7 before
  martlet report shop --since 1h           after a deployment
  martlet report shop --over 10 --json     all figures, and what changed by more than 10 %
  martlet report shop | mail -s \"shop, the week\" ops@example.org

From the figures that servers keep in DIR/data/history.db while they run: one may be running, none
has to. Up to 12h is compared by minutes, longer by hours. docs/report.md explains every line.")]
    Report(ReportArgs),
    /// Show what a running server keeps of answers, drop them, set times of named caches
    #[command(after_help = "\
Examples:
  martlet cache stats shop                    per query: hits, misses, what is kept, why not
  martlet cache clear shop --query rooms
  martlet cache ttl rates 30s shop            until the server ends; then the setting counts again")]
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Show the keys of a folder, or sign a token for a user
    #[command(after_help = "\
Examples:
  martlet keys shop                   the anon and the service key
  martlet keys shop --user 7d2a5d4e-6a61-4c4e-9a0c-0f6f3f6f9b11
  curl -H \"Authorization: Bearer $(martlet keys shop --user UUID)\" ...

With --user only the token is printed; it holds for one day.
The service key may do everything: keep it on servers.")]
    Keys(KeysArgs),
    /// Show every setting, its value and what set it
    #[command(after_help = "\
Examples:
  martlet config shop
  MARTLET_SERVER_LISTEN=0.0.0.0:80 martlet config shop

A flag wins over the environment, that over martlet.toml, that over the default.
Secrets are shown as [redacted].")]
    Config(ConfigArgs),
    /// Write the generated documents (config.md, errors.md, cli.md)
    #[command(hide = true)]
    GenerateDocs(GenerateDocsArgs),
}

/// Which app and which data.
#[derive(Debug, Args)]
pub(crate) struct FolderArgs {
    /// The app's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Keep the database here instead of in DIR/data
    #[arg(long, value_name = "DIR", value_parser = text_path)]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The folder to make
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// What to begin with
    #[arg(long, value_enum, default_value_t = Template::Blank)]
    pub template: Template,
}

/// What a new folder begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// One table, one query, one action, a page
    Blank,
    /// Events by a link, without accounts: join, mark the times that suit, see the others' marks
    Events,
    /// Rooms, availability, bookings that never oversell, payments, a report
    Hotel,
}

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Serve at this address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Set the database aside and begin with an empty one
    #[arg(long)]
    pub reset: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Serve at this address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Serve metrics, statistics and health at this address too, without a key
    #[arg(long, value_name = "ADDRESS")]
    pub admin_listen: Option<SocketAddr>,
    /// Show every setting and what set it, and do not serve
    #[arg(long)]
    pub print_config: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The app's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Write the findings as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The app's folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The query or action
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Arguments to show in the places of the parameters
    #[arg(value_name = "NAME=VALUE")]
    pub arguments: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Show what would be applied and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SeedArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// What `:scale` is in seed.sql
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = scale)]
    pub scale: f64,
    /// Add to a database that has rows
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SqlArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// The statement to run; without it statements are read from stdin
    #[arg(value_name = "STATEMENT", requires = "folder")]
    pub statement: Option<String>,
    /// Write each row as a JSON object on a line
    #[arg(long)]
    pub json: bool,
    /// Allow statements that write; no server may be running
    #[arg(long)]
    pub write: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Only these queries and actions
    #[arg(value_name = "NAME", requires = "folder")]
    pub names: Vec<String>,
    /// How long to measure
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    pub seconds: Option<u64>,
    /// How long to load before that
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=SECONDS_MAX))]
    pub warm_up: u64,
    /// Callers that ask at once, each on a connection of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=BENCH_CONNECTIONS_MAX))]
    pub connections: Option<u64>,
    /// Ask at this rate a second, whatever the server does, and count each answer from when it was due
    #[arg(long, value_name = "N", value_parser = per_second)]
    pub rate: Option<f64>,
    /// What each query must keep, such as p99=50ms,errors=1%,per_second=1000
    #[arg(long, value_name = "BUDGET")]
    pub budget: Option<Budget>,
    /// Load actions too, as often as queries
    #[arg(long)]
    pub actions: bool,
    /// Fill a database of its own from seed.sql at this scale instead of copying the app's
    #[arg(long, value_name = "X", value_parser = scale)]
    pub scale: Option<f64>,
    /// Draw the same arguments in the same order for the same number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Write the figures as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Write everything as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// How long a time, such as 1h, 24h, 7d
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = report_time)]
    pub since: std::time::Duration,
    /// Tell what has changed by more percent than this
    #[arg(long, value_name = "PERCENT", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub over: u32,
    /// Write all figures as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Show what is kept of each query, how often it was read, and why answers were not kept
    #[command(after_help = "\
An answer that a write ended and that was the same when computed again counts as useless: many of
them say that the query rests on more than it shows; `martlet explain` tells what.
docs/caching.md explains every column.")]
    Stats(CacheStatsArgs),
    /// Drop kept answers: all, those of a query, or those of a named cache
    Clear(CacheClearArgs),
    /// Compute the answers that `@warm` names, where they are not there
    #[command(after_help = "\
Examples:
  martlet cache warm shop                 of all queries
  martlet cache warm --query popular shop of one

A server does it by itself when it starts, when the folder is reloaded, and when a write ends one
of them; after `martlet cache clear` it waits to be told.")]
    Warm(CacheWarmArgs),
    /// Set how long the answers of a named cache are good, and drop those that are kept
    Ttl(CacheTtlArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CacheStatsArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Write everything as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CacheClearArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Only the answers of this query
    #[arg(long, value_name = "NAME", conflicts_with = "named")]
    pub query: Option<String>,
    /// Only the answers of queries with `@cache named NAME`
    #[arg(long, value_name = "NAME")]
    pub named: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CacheWarmArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Only the answers of this query
    #[arg(long, value_name = "NAME")]
    pub query: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CacheTtlArgs {
    /// The named cache
    #[arg(value_name = "NAME")]
    pub name: String,
    /// How long, such as 30s, 2m, 1h
    #[arg(value_name = "TIME", value_parser = cache_time)]
    pub time: std::time::Duration,
    #[command(flatten)]
    pub folder: FolderArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Sign a token for this user, good for one day
    #[arg(long, value_name = "UUID", value_parser = uuid)]
    pub user: Option<String>,
    /// Give the user's token this role instead of `authenticated`
    #[arg(long, value_name = "NAME", requires = "user", value_parser = role)]
    pub role: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Write the settings as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateDocsArgs {
    /// The folder to write into
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Largest `--scale`: a thousand times the data set of the workloads.
const SCALE_MAX: f64 = 1000.0;

/// Longest `--seconds`: a load that runs longer is a soak test, and wants its own tools.
const SECONDS_MAX: u64 = 3600;
/// Most `--connections`: what a server takes from one address by default.
const BENCH_CONNECTIONS_MAX: u64 = 4096;

/// A path that can be shown and kept as a setting.
fn text_path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("a folder".into()) } else { Ok(PathBuf::from(text)) }
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale > 0.0 && scale <= SCALE_MAX => Ok(scale),
        _ => Err(format!("a number above 0, at most {SCALE_MAX}")),
    }
}

fn per_second(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= martlet_load::PER_SECOND_MAX => Ok(rate),
        _ => Err(format!("a number above 0, at most {}", martlet_load::PER_SECOND_MAX)),
    }
}

fn uuid(text: &str) -> Result<String, String> {
    use crate::settings::key::Form;
    use crate::settings::value::{Raw, read};
    read(Form::Uuid, Raw::Text(text)).map(|uuid| uuid.to_string()).map_err(|refusal| refusal.hint)
}

fn cache_time(text: &str) -> Result<std::time::Duration, String> {
    use crate::settings::key::{CACHE_NAMED, Form};
    let Form::Times { min_ms, max_ms } = CACHE_NAMED.form else { return Err("takes a time".to_owned()) };
    time(text, min_ms, max_ms)
}

/// Two such times are as long as hours are kept for, by default.
fn report_time(text: &str) -> Result<std::time::Duration, String> {
    time(text, 60_000, 198 * 86_400_000)
}

fn time(text: &str, min_ms: u64, max_ms: u64) -> Result<std::time::Duration, String> {
    use crate::settings::key::Form;
    use crate::settings::value::{Raw, Value, read};
    match read(Form::Duration { min_ms, max_ms }, Raw::Text(text)) {
        Ok(Value::Duration(time)) => Ok(time),
        Ok(_) => Err("takes a time".to_owned()),
        Err(refusal) => Err(format!("{}; {}", refusal.message, refusal.hint)),
    }
}

fn role(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match text {
        "service_role" | "anon" => {
            Err("a user has neither this role nor that of the service: see `martlet keys DIR`".into())
        }
        _ if is_name => Ok(text.to_owned()),
        _ => Err("letters, digits and underscores, at most 63".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
