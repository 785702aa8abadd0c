//! `martlet keys`: the app's keys, or a token for a user.

use super::settle;
use crate::cli::KeysArgs;
use crate::exit::Failure;

pub(crate) fn run(args: &KeysArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let _ = (settings.data(), &args.user, &args.role);
    Err(Failure::new("not built yet"))
}
