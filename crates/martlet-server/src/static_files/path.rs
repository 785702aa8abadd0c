//! From a URL's path to an open file below the root.
//!
//! Decoded exactly once; then only plain names are let through, and what a symbolic link leads to must still lie
//! below the root.

use crate::failure::Failure;
use crate::query_string::decode_segment;
use martlet_core::Error;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    File(PathBuf, File, Metadata),
    /// A folder that was named without its slash: where it is, relative to the path asked for.
    Folder(String),
}

/// Finds the file; none if there is none, or if it is nobody's business.
pub(super) fn find(root: &Path, url_path: &str) -> Result<Option<Found>, Failure> {
    let decoded = decode_segment(url_path)?;
    let Some(relative) = plain_path(&decoded) else { return Ok(None) };
    let found = open_below(root, &root.join(relative), decoded.ends_with('/'));
    match found {
        Ok(found) => Ok(found),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(Error::internal(format!("cannot open a static file: {error}")).into()),
    }
}

/// A relative path of plain names: none empty, hidden, or with a character that has a meaning somewhere.
fn plain_path(decoded: &str) -> Option<PathBuf> {
    let path = decoded.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return (decoded == "/").then(PathBuf::new);
    }
    path.split('/').all(is_plain).then(|| path.split('/').collect())
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(|c: char| c.is_control() || r"\:;".contains(c))
}

fn open_below(root: &Path, path: &Path, is_folder: bool) -> io::Result<Option<Found>> {
    let path = if is_folder { path.join("index.html") } else { path.to_owned() };
    let real = path.canonicalize()?;
    if !real.starts_with(root) {
        return Ok(None);
    }
    let file = File::open(&real)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return Ok(Some(Found::File(real, file, metadata)));
    }
    let name = path.file_name().and_then(|name| name.to_str());
    match name {
        // Relative, of one plain name: it cannot lead to another host.
        Some(name) if metadata.is_dir() && !is_folder && real.join("index.html").is_file() => {
            Ok(Some(Found::Folder(format!("./{}/", percent_encoding::utf8_percent_encode(name, ENCODED)))))
        }
        _ => Ok(None),
    }
}

const ENCODED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    let absent = [NotFound, NotADirectory, PermissionDenied, InvalidInput, InvalidFilename, IsADirectory];
    absent.contains(&error.kind()) || error.raw_os_error() == Some(libc_eloop())
}

/// Too many symbolic links: a loop leads nowhere.
const fn libc_eloop() -> i32 {
    if cfg!(target_os = "linux") { 40 } else { 62 }
}
