//! Reads an app folder from disk: the texts that the compiler takes, and what is wrong before it can take them.
//!
//! Only regular files inside the folder are read, never more than the limits allow, and no link leads outside.

use martlet_core::limits;
use martlet_sql::{Compiled, Diagnostic, Severity, SourceFile, Span, compile};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The SQL files of an app folder.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// Sorted by path.
    pub files: Vec<SourceFile>,
    /// Files that could not be taken, and folders that are not yet in effect.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why nothing of a folder could be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The path is no folder, or may not be read.
    #[error("cannot read the app folder {}", path.display())]
    Unreadable {
        /// As it was given.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The folder has none of the places that make it an app.
    #[error("{} is not an app folder: it has no migrations/, queries/ or actions/", path.display())]
    NotAnApp {
        /// As it was given.
        path: PathBuf,
    },
}

/// Reads the SQL files of an app folder. Blocks on the file system.
///
/// Takes `migrations/*.sql`, `migrations/NAME/migration.sql`, `queries/*.sql`, `actions/*.sql` and `seed.sql`. Names
/// that begin with a dot are passed over. What is wrong with one file is a diagnostic; the others are still read.
pub fn read_folder(root: &Path) -> Result<Folder, FolderError> {
    let unreadable = |source| FolderError::Unreadable { path: root.to_owned(), source };
    let real_root = root.canonicalize().map_err(unreadable)?;
    if !real_root.is_dir() {
        return Err(unreadable(io::Error::from(io::ErrorKind::NotADirectory)));
    }
    let has = |name: &str| real_root.join(name).exists();
    if !["migrations", "queries", "actions"].into_iter().any(has) {
        return Err(FolderError::NotAnApp { path: root.to_owned() });
    }
    let mut reader = Reader { root: &real_root, folder: Folder::default(), entries: 0 };
    reader.read_migrations();
    reader.read_flat("queries");
    reader.read_flat("actions");
    if has("seed.sql") {
        reader.read_file("seed.sql");
    }
    for name in ["jobs", "hooks"] {
        if has(name) {
            let message = format!("{name}/ is not yet in effect: its files are passed over");
            reader.report(name, Severity::Note, "not_yet_in_effect", message, None);
        }
    }
    let mut folder = reader.folder;
    folder.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(folder)
}

/// Reads and compiles an app folder; the diagnostics of both steps together, those of reading first.
///
/// `app` is none when any of them is an error.
pub fn load_folder(root: &Path) -> Result<Compiled, FolderError> {
    Ok(compile_folder(&read_folder(root)?))
}

/// Compiles what was read of an app folder; as [`load_folder`], for those who need the files too.
pub fn compile_folder(folder: &Folder) -> Compiled {
    let mut compiled = compile(&folder.files);
    compiled.diagnostics.splice(0..0, folder.diagnostics.iter().cloned());
    if compiled.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        compiled.app = None;
    }
    compiled
}

struct Reader<'a> {
    root: &'a Path,
    folder: Folder,
    entries: usize,
}

impl Reader<'_> {
    fn read_migrations(&mut self) {
        for (path, name) in self.entries_of("migrations") {
            if is_sql(&name) {
                self.read_file(&path);
            } else if self.root.join(&path).is_dir() {
                let inner = format!("{path}/migration.sql");
                if self.root.join(&inner).exists() {
                    self.read_file(&inner);
                } else {
                    let message = "this folder of a migration has no migration.sql".to_owned();
                    self.report(&path, Severity::Warning, "empty_migration", message, None);
                }
            }
        }
    }

    fn read_flat(&mut self, folder: &str) {
        for (path, name) in self.entries_of(folder) {
            if is_sql(&name) {
                self.read_file(&path);
            } else if self.root.join(&path).is_dir() {
                let message = format!("folders inside {folder}/ are not read");
                let hint = Some(format!("move the files up into {folder}/"));
                self.report(&path, Severity::Warning, "nested_folder", message, hint);
            }
        }
    }

    /// Relative paths and names in a folder, sorted; a missing folder is empty.
    fn entries_of(&mut self, folder: &str) -> Vec<(String, String)> {
        if !self.is_inside(folder) {
            return Vec::new();
        }
        let listing = match fs::read_dir(self.root.join(folder)) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.unreadable(folder, &error);
                return Vec::new();
            }
        };
        let mut entries = Vec::new();
        for entry in listing {
            match entry {
                Ok(entry) => match entry.file_name().into_string() {
                    Ok(name) if name.starts_with('.') => {}
                    Ok(name) => entries.push((format!("{folder}/{name}"), name)),
                    Err(name) => {
                        let path = format!("{folder}/{}", name.to_string_lossy());
                        let message = "the file's name is not valid UTF-8".to_owned();
                        self.report(&path, Severity::Error, "file_name", message, None);
                    }
                },
                Err(error) => self.unreadable(folder, &error),
            }
            self.entries += 1;
            if self.entries > limits::APP_FILES_MAX {
                let message = format!("the app has more than {} files", limits::APP_FILES_MAX);
                self.report(folder, Severity::Error, "too_many_files", message, None);
                break;
            }
        }
        entries.sort();
        entries
    }

    fn read_file(&mut self, path: &str) {
        if !self.is_inside(path) {
            return;
        }
        match read_bounded(&self.root.join(path)) {
            Ok(bytes) if bytes.len() > limits::SQL_TEXT_SIZE_MAX => {
                let message = format!("the file is larger than {} KiB", limits::SQL_TEXT_SIZE_MAX / 1024);
                self.report(path, Severity::Error, "file_size", message, None);
            }
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => self.folder.files.push(SourceFile { path: path.to_owned(), text }),
                Err(error) => {
                    let message = format!("the file is not valid UTF-8 at byte {}", error.utf8_error().valid_up_to());
                    let hint = Some("save it as UTF-8".to_owned());
                    self.report(path, Severity::Error, "file_encoding", message, hint);
                }
            },
            Err(error) => self.unreadable(path, &error),
        }
    }

    /// Whether a path, its links followed, stays in the app folder; tells when not. A missing one is inside.
    fn is_inside(&mut self, path: &str) -> bool {
        match self.root.join(path).canonicalize() {
            Ok(real) if real.starts_with(self.root) => true,
            Ok(_) => {
                let message = "the link leads out of the app folder".to_owned();
                let hint = Some("copy the file into the folder".to_owned());
                self.report(path, Severity::Error, "link_outside", message, hint);
                false
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.root.join(path).is_symlink() => true,
            Err(error) => {
                self.unreadable(path, &error);
                false
            }
        }
    }

    fn unreadable(&mut self, path: &str, error: &io::Error) {
        self.report(path, Severity::Error, "file_unreadable", format!("cannot be read: {error}"), None);
    }

    fn report(&mut self, file: &str, severity: Severity, code: &'static str, message: String, hint: Option<String>) {
        self.folder.diagnostics.push(Diagnostic {
            severity,
            code,
            file: file.to_owned(),
            span: Span::default(),
            line: 1,
            column: 1,
            message,
            label: String::new(),
            hint,
            excerpt: String::new(),
        });
    }
}

fn is_sql(name: &str) -> bool {
    name.ends_with(".sql")
}

/// The bytes of a regular file, one more than the limit at most. A pipe or device would block or never end.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(limits::SQL_TEXT_SIZE_MAX).unwrap_or(u64::MAX).saturating_add(1);
    fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
