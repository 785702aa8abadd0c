//! The project's own chores, in Rust: `cargo xtask test`, `tidy`, `generate`, `figures`, `bench`, `pictures`, `smoke`.
//!
//! Must not know: any crate of the product. It runs their commands, as a person would.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

mod bench;
mod command;
mod figures;
mod generate;
mod install;
mod pictures;
mod smoke;
mod test;
mod tidy;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  test [--long] [-- ARGS]  install what the tests need where it is missing, then run them all (ARGS go to cargo test)
  tidy                     check what the compiler does not: crate edges, module docs, links, generated files
  generate                 write the generated documents anew
  figures                  measure start, size, memory and durable actions of the release binary
  bench [--quick] [--workload NAME]... [--rounds N] [--scale X] [--overload] [--minutes N]
                           measure Martlet beside a hand-written server, Express with PostgreSQL, and bare HTTP; a whole
                           run (25 minutes) writes docs/results.md, a part or `--quick` (4 minutes) target/bench
  pictures                 take the pictures of docs/pictures with Chromium
  smoke                    start the README's first command, look at the app, stop it
";

fn main() -> Result<()> {
    std::env::set_current_dir(command::root())?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["test", rest @ ..] => test::run(rest),
        ["tidy"] => tidy::run(),
        ["generate"] => generate::run(),
        ["figures"] => figures::run_all(),
        ["bench", rest @ ..] => bench::run_all(rest),
        ["pictures"] => pictures::run(),
        ["smoke"] => smoke::run(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => bail!("unknown command {args:?}\n\n{HELP}"),
    }
}
