//! `martlet keys`: the app's keys, or a token for a user.

use super::settle;
use crate::cli::KeysArgs;
use crate::exit::Failure;
use crate::{output, wiring};
use martlet_server::tokens::{Keys, TokenRequest};
use std::time::Duration;

/// How long a user's token holds.
const USER_TOKEN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the anon and the service key hold: ten years.
const APP_KEY: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

pub(crate) fn run(args: &KeysArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let keys = wiring::keys(&settings)?;
    if let Some(user) = &args.user {
        let role = args.role.as_deref().unwrap_or("authenticated");
        return Ok(output::data(&user_token(&keys, user, role)?)?);
    }
    let anon = issue(&keys, "anon", None, APP_KEY)?;
    let service = issue(&keys, "service_role", None, APP_KEY)?;
    output::data(&format!("anon {anon}\nservice_role {service}"))?;
    if output::is_for_people() {
        output::note("the anon key may be in pages; the service key may do everything: keep it on servers");
    }
    Ok(())
}

/// A token for a user, good for one day.
pub(super) fn user_token(keys: &Keys, user: &str, role: &str) -> Result<String, Failure> {
    issue(keys, role, Some(user.to_owned()), USER_TOKEN)
}

fn issue(keys: &Keys, role: &str, user_id: Option<String>, valid_for: Duration) -> Result<String, Failure> {
    let request = TokenRequest { role: role.to_owned(), user_id, valid_for };
    Ok(keys.issue(&request, wiring::clock().now()).map_err(anyhow::Error::from)?)
}
