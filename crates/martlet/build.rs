//! Puts the files of the templates into the executable, so that `martlet new` needs nothing but itself.
//!
//! The apps are those of `examples/` themselves: one copy, the one that the tests run.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = [
        ("BLANK", here.join("templates/blank")),
        ("EVENTS", here.join("../../examples/events")),
        ("HOTEL", here.join("../../examples/hotel")),
    ];
    let mut code = String::new();
    for (name, folder) in templates {
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        gather(&folder, &folder, &mut files);
        files.sort();
        let _ = writeln!(code, "pub(crate) static {name}: &[(&str, &[u8])] = &[");
        for (path, file) in files {
            let _ = writeln!(code, "    ({path:?}, include_bytes!({:?})),", file.display().to_string());
        }
        code.push_str("];\n");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("templates.rs"), code).expect("write into OUT_DIR");
}

/// All files but data, tests and those whose names begin with a dot.
fn gather(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).expect("read a template's folder") {
        let path = entry.expect("read a template's folder").path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        if name.starts_with('.') || (folder == root && (name == "data" || name == "tests")) {
            continue;
        }
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let relative = path.strip_prefix(root).expect("an entry is below its root");
            files.push((relative.to_string_lossy().replace('\\', "/"), path.canonicalize().expect("the file exists")));
        }
    }
}
