//! The case folders.

use martlet_sql::SourceFile;
use std::fs;
use std::path::{Path, PathBuf};

/// One construct.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) is_action: bool,
    pub(super) text: String,
    /// The arguments of each call, as a JSON object.
    pub(super) calls: Vec<String>,
}

/// Cases with the same tables and rows.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) schema: String,
    pub(super) rows: String,
    pub(super) cases: Vec<Case>,
    /// Files beside those of the cases.
    pub(super) files: Vec<SourceFile>,
    /// Columns that are not the same twice: times of the clock, random keys.
    pub(super) unequal: &'static [&'static str],
}

impl Group {
    /// Every case, grouped; the shared tables first.
    pub(super) fn all() -> Vec<Self> {
        let root = cases_folder();
        let mut groups = vec![Self::of(&read(&root.join("schema.sql")), &read(&root.join("rows.sql")))];
        let mut folders: Vec<PathBuf> =
            fs::read_dir(root.join("constructs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        for folder in folders {
            let own_schema = fs::read_to_string(folder.join("schema.sql")).ok();
            let own_rows = fs::read_to_string(folder.join("rows.sql")).ok();
            let rows =
                own_rows.unwrap_or_else(|| if own_schema.is_some() { String::new() } else { groups[0].rows.clone() });
            let schema = own_schema.unwrap_or_else(|| groups[0].schema.clone());
            let case = Case::read(&folder);
            match groups.iter_mut().find(|group| group.schema == schema && group.rows == rows) {
                Some(group) => group.cases.push(case),
                None => {
                    let mut group = Self::of(&schema, &rows);
                    group.cases.push(case);
                    groups.push(group);
                }
            }
        }
        groups
    }

    /// The cases that use the shared tables.
    pub(super) fn shared() -> Self {
        Self::all().swap_remove(0)
    }

    pub(super) fn of(schema: &str, rows: &str) -> Self {
        let (schema, rows) = (schema.to_owned(), rows.to_owned());
        Self { schema, rows, cases: Vec::new(), files: Vec::new(), unequal: &["made_at", "key"] }
    }

    /// The app folder of the group without the cases of the given names.
    pub(super) fn folder(&self, without: &[String]) -> Vec<SourceFile> {
        let file = |path: String, text: &str| SourceFile { path, text: text.to_owned() };
        let mut files = vec![file("migrations/0001_schema.sql".to_owned(), &self.schema)];
        if !self.rows.trim().is_empty() && !without.iter().any(|path| path == "seed.sql") {
            files.push(file("seed.sql".to_owned(), &self.rows));
        }
        let kept = self.cases.iter().filter(|case| !without.contains(&case.path()));
        files.extend(kept.map(|case| file(case.path(), &case.text)));
        files.extend(self.files.iter().cloned());
        files
    }
}

impl Case {
    fn read(folder: &Path) -> Self {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let is_action = folder.join("action.sql").exists();
        let text = read(&folder.join(if is_action { "action.sql" } else { "statement.sql" }));
        let arguments = fs::read_to_string(folder.join("arguments.txt")).unwrap_or_else(|_| "{}".to_owned());
        let is_call = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
        let calls = arguments.lines().filter(is_call).map(str::to_owned).collect();
        Self { name, is_action, text, calls }
    }

    /// Its path in the app folder.
    pub(super) fn path(&self) -> String {
        format!("{}/{}.sql", if self.is_action { "actions" } else { "queries" }, self.name)
    }
}

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../martlet-sql/cases")
}

pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}
