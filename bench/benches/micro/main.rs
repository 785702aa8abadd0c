//! `cargo bench -p martlet-bench`: what each step of a request, and of loading an app, costs by itself.
//!
//! All of them take `examples/hotel`. With `-- --test` each runs once; `-- --sample-count 10` is quick.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot begin has failed")]

mod cache;
mod compiler;
mod engine;

use martlet_engine::{Folder, read_folder};
use std::path::Path;
use std::sync::LazyLock;

/// As in the server.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    divan::main();
}

/// The hotel's files.
static HOTEL: LazyLock<Folder> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hotel");
    read_folder(&folder).unwrap()
});
