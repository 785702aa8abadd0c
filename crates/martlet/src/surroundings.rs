//! What around the process is not as it should be: told at the start, none of it a reason not to serve.

use crate::settings::file::FILE;
use crate::settings::{Settings, Source, key};
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

/// Files that are open besides connections: the database, logs, static files under way.
const FILES_BESIDES: u64 = 256;

/// Sentences for the log.
pub(crate) fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    let data = settings.data();
    if data.metadata().is_ok_and(|data| can_be_read_by_others(&data)) {
        warnings.push(format!("others can read the data folder: run `chmod 700 {}`", data.display()));
    }
    let file = settings.folder().join(FILE);
    let holds_secret = settings.get(&key::JWT_SECRET).1 == Source::File;
    if holds_secret && file.metadata().is_ok_and(|file| can_be_read_by_others(&file)) {
        let path = file.display();
        warnings
            .push(format!("others can read `auth.jwt_secret`: run `chmod 600 {path}`, or set it by the environment"));
    }
    if std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        warnings.push("running as root: use a user of its own that owns the data folder".to_owned());
    }
    let connections_max = settings.number(&key::CONNECTIONS_MAX) as u64;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(files_max) = open_files_max(&limits).filter(|files_max| *files_max < connections_max + FILES_BESIDES) {
        warnings.push(format!(
            "{files_max} files may be open, too few for `server.connections_max` = {connections_max}: \
             raise the limit (`ulimit -n`, LimitNOFILE) or lower the setting"
        ));
    }
    warnings
}

fn can_be_read_by_others(place: &Metadata) -> bool {
    place.permissions().mode() & 0o077 != 0
}

/// The soft limit in /proc/self/limits; none where there is none or it cannot be read.
fn open_files_max(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::open_files_max;

    #[test]
    fn the_limit_is_read_from_its_line() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max processes             63433                63433                processes\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(open_files_max(limits), Some(1024));
        assert_eq!(open_files_max("Max open files            unlimited            unlimited            files\n"), None);
        assert_eq!(open_files_max(""), None);
    }
}
