//! `martlet new`: a folder that runs.

use super::{our_name, quoted};
use crate::cli::{NewArgs, Template};
use crate::exit::Failure;
use crate::output;
use anyhow::Context as _;
use std::fs;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Where the time of a request goes: `curl -w @curl-format.txt`. In every new folder.
const CURL_FORMAT: &[u8] = include_bytes!("../../templates/curl-format.txt");

pub(crate) fn run(args: &NewArgs) -> Result<(), Failure> {
    let folder = args.folder.as_path();
    refuse_what_is_there(folder)?;
    let files = match args.template {
        Template::Blank => BLANK,
        Template::Events => EVENTS,
        Template::Hotel => HOTEL,
    };
    for (path, bytes) in files {
        write(&folder.join(path), bytes)?;
    }
    // Data and keys must not end in a repository.
    write(&folder.join(".gitignore"), b"/data/\n")?;
    write(&folder.join("curl-format.txt"), CURL_FORMAT)?;
    let shown = folder.display();
    output::note(&format!("made {shown} with {} files; serve it with:", files.len() + 2));
    output::data(&format!("{} dev {}", our_name(), quoted(&shown.to_string())))?;
    Ok(())
}

fn refuse_what_is_there(folder: &Path) -> Result<(), Failure> {
    let shown = folder.display();
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => {
            let failure = Failure::new(format!("the folder `{shown}` is not empty"));
            Err(failure.hint("name a new folder, or empty this one"))
        }
        Ok(false) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(anyhow::Error::from(error).context(format!("cannot make the folder `{shown}`")).into()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().expect("a file of the template is in a folder");
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    Ok(fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?)
}
