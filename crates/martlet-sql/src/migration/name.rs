//! Names of migrations: a number, then anything; a file or a folder; kept as they are written.

use std::fmt;

/// Bytes of a migration's name.
const NAME_SIZE_MAX: usize = 200;

/// Which engine a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// Both, by lowering.
    Any,
    Sqlite,
    Postgres,
}

/// A migration's file, told from its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MigrationPath<'a> {
    /// What counts for the order.
    pub(super) number: u64,
    /// The file's stem or the folder's name, without the engine.
    pub(super) name: &'a str,
    pub(super) engine: Engine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrongName {
    /// Not a migration at all: passed over.
    NotSql,
    NoNumber,
    NumberTooLong,
    Characters,
    TooLong,
    NotMigration,
}

impl fmt::Display for WrongName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WrongName::NotSql => "not an SQL file",
            WrongName::NoNumber => "a migration's name begins with a number",
            WrongName::NumberTooLong => "the number has more than 18 digits",
            WrongName::Characters => "a migration's name is a number, `_`, and letters, digits, `_`, `-` or `.`",
            WrongName::TooLong => "the name is too long",
            WrongName::NotMigration => "in a folder of `migrations`, the file is called `migration.sql`",
        })
    }
}

/// Reads a path below `migrations/`.
pub(super) fn parse(below: &str) -> Result<MigrationPath<'_>, WrongName> {
    let stem = below.strip_suffix(".sql").ok_or(WrongName::NotSql)?;
    let (stem, engine) = match stem.rsplit_once('.') {
        Some((rest, "sqlite")) => (rest, Engine::Sqlite),
        Some((rest, "postgres")) => (rest, Engine::Postgres),
        _ => (stem, Engine::Any),
    };
    let name = match stem.split_once('/') {
        Some((folder, "migration")) => folder,
        Some(_) => return Err(WrongName::NotMigration),
        None => stem,
    };
    if name.len() > NAME_SIZE_MAX {
        return Err(WrongName::TooLong);
    }
    let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = &name[digits..];
    if digits == 0 {
        return Err(WrongName::NoNumber);
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !(rest.is_empty() || rest.starts_with('_')) || !rest.chars().all(is_plain) {
        return Err(WrongName::Characters);
    }
    let significant = name[..digits].trim_start_matches('0');
    let number = if significant.is_empty() { Ok(0) } else { significant.parse() };
    match number {
        Ok(number) if significant.len() <= 18 => Ok(MigrationPath { number, name, engine }),
        _ => Err(WrongName::NumberTooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stamps_and_folders() {
        let path = |number, name, engine| Ok(MigrationPath { number, name, engine });
        assert_eq!(parse("0001_x.sql"), path(1, "0001_x", Engine::Any));
        assert_eq!(
            parse("20251024090952_add-a.b.sql"),
            path(20_251_024_090_952, "20251024090952_add-a.b", Engine::Any)
        );
        assert_eq!(parse("0002_y/migration.sql"), path(2, "0002_y", Engine::Any));
        assert_eq!(parse("0002_y/migration.sqlite.sql"), path(2, "0002_y", Engine::Sqlite));
        assert_eq!(parse("0003_x.postgres.sql"), path(3, "0003_x", Engine::Postgres));
        assert_eq!(parse("0000.sql"), path(0, "0000", Engine::Any));
    }

    #[test]
    fn other_names_are_told_apart() {
        assert_eq!(parse("README.md"), Err(WrongName::NotSql));
        assert_eq!(parse("init.sql"), Err(WrongName::NoNumber));
        assert_eq!(parse("1x.sql"), Err(WrongName::Characters));
        assert_eq!(parse("1_ä.sql"), Err(WrongName::Characters));
        assert_eq!(parse("1234567890123456789_x.sql"), Err(WrongName::NumberTooLong));
        assert_eq!(parse("1_x/down.sql"), Err(WrongName::NotMigration));
        assert_eq!(parse(&format!("1_{}.sql", "x".repeat(300))), Err(WrongName::TooLong));
    }
}
