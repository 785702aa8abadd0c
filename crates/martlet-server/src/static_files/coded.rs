//! A file in a coding: compressed beforehand beside it (`app.js.br`), or by us once and kept.
//!
//! What the author has compressed is taken first, since it may have cost as long as it wanted to. It must not be
//! older than the file: else it is of a version before.

use super::stream::{FileStream, Part};
use crate::coding::{Accepted, COMPRESSED_SIZE_MIN, Coding};
use crate::compression;
use crate::failure::Failure;
use axum::body::Body;
use bytes::Bytes;
use hyper::header::HeaderMap;
use martlet_core::Error;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bytes of compressed files that are kept in memory.
const KEPT_SIZE_MAX: u64 = 32 * 1024 * 1024;
/// Files in one coding each that are expected among them.
const KEPT_FILES: usize = 1024;
/// A larger file is not compressed by us.
const COMPRESSED_FILE_SIZE_MAX: u64 = 4 * 1024 * 1024;
/// What a kept file costs besides its bytes.
const KEPT_OVERHEAD: u64 = 256;

/// A file in the coding that the caller likes best.
pub(super) struct Coded {
    pub(super) coding: Coding,
    pub(super) body: Body,
}

/// One version of a file in one coding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    coding: Coding,
}

#[derive(Debug, Clone)]
struct BySize;

impl Weighter<Key, Bytes> for BySize {
    fn weight(&self, key: &Key, bytes: &Bytes) -> u64 {
        KEPT_OVERHEAD + key.path.as_os_str().len() as u64 + bytes.len() as u64
    }
}

/// Compressed files, as many as memory is given for.
#[derive(Debug)]
pub(super) struct KeptFiles(Cache<Key, Bytes, BySize>);

impl KeptFiles {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(KEPT_FILES, KEPT_SIZE_MAX, BySize))
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

/// The file in a coding; none: as it is. Blocks; several callers who want the same wait for one.
pub(super) fn find(
    kept: &KeptFiles,
    path: &Path,
    file: &mut File,
    metadata: &Metadata,
    fields: &HeaderMap,
) -> Result<Option<Coded>, Failure> {
    let accepted = Accepted::of(fields)?;
    for coding in accepted.compressing() {
        if let Some((file, size)) = beside(path, metadata, coding) {
            let body = Body::new(FileStream::new(file, vec![Part::Range(0, size)]));
            return Ok(Some(Coded { coding, body }));
        }
    }
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    let coding = accepted.choose(size);
    let is_worth_it =
        metadata.len() <= COMPRESSED_FILE_SIZE_MAX && (size >= COMPRESSED_SIZE_MIN || !accepted.takes_identity());
    if coding == Coding::Identity || !is_worth_it {
        return Ok(None);
    }
    let key = Key { path: path.to_owned(), size: metadata.len(), modified: metadata.modified().ok(), coding };
    let compressed = kept.0.get_or_insert_with(&key, || compress(file, metadata.len(), coding))?;
    let is_shorter = (compressed.len() as u64) < metadata.len() || !accepted.takes_identity();
    Ok(is_shorter.then(|| Coded { coding, body: Body::from(compressed) }))
}

/// A copy of the file that was compressed beforehand, and its size.
fn beside(path: &Path, metadata: &Metadata, coding: Coding) -> Option<(File, u64)> {
    let ending = match coding {
        Coding::Identity => return None,
        Coding::Zstd => ".zst",
        Coding::Brotli => ".br",
        Coding::Gzip => ".gz",
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    // Not behind a link: that could lead out of the folder.
    if !std::fs::symlink_metadata(&beside).ok()?.is_file() {
        return None;
    }
    let file = File::open(&beside).ok()?;
    let found = file.metadata().ok()?;
    let is_current = found.modified().ok()? >= metadata.modified().ok()?;
    is_current.then_some((file, found.len()))
}

fn compress(file: &mut File, size: u64, coding: Coding) -> Result<Bytes, Error> {
    let mut text = Vec::new();
    let read = file.take(size + 1).read_to_end(&mut text);
    read.map_err(|error| Error::internal(format!("cannot read a static file: {error}")))?;
    // Of another length it is another version already, which must not be kept under this one's name.
    if text.len() as u64 != size {
        return Err(Error::internal("a static file has changed while it was read"));
    }
    compression::compress(coding, &Bytes::from(text))
}
