//! App folders for tests: written from texts or copied, so that no test writes into `examples/`.

use std::fs;
use std::path::Path;

/// Writes files, given as (path with `/`, text), into a folder, making the folders between.
pub fn write_folder(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a path below the folder")).expect("make a folder");
        fs::write(&path, text).expect("write a file");
    }
}

/// Copies an app folder without its `data/`.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make a folder");
    for entry in fs::read_dir(from).expect("read a folder") {
        let entry = entry.expect("read a folder's entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            if entry.file_name() != "data" {
                copy_folder(&source, &target);
            }
        } else {
            fs::copy(&source, &target).expect("copy a file");
        }
    }
}
