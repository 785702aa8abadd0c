//! `@idempotent`: the scope of a key, and which keys are running.
//!
//! The store keeps outcomes; here is only what must not wait for it: a second call with a key whose first call still
//! runs is told so at once (409 MRT022), and a key that is none is refused before anything else.

use crate::digest::Digest;
use martlet_core::{Caller, Error, Timestamp, code, limits};
use martlet_store::{Inputs, Once};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keys whose calls are running, with their arguments. No more than there are calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<[u8; 32], [u8; 32]>>>);

/// A key is running until this is dropped.
#[derive(Debug)]
pub(crate) struct RunningKey {
    running: Running,
    id: [u8; 32],
}

impl Drop for RunningKey {
    fn drop(&mut self) {
        self.running.lock().remove(&self.id);
    }
}

impl Running {
    /// Marks a key as running.
    ///
    /// Errors: MRT022 where it is already; MRT021 where that call has other arguments.
    pub(crate) fn begin(&self, once: &Once) -> Result<RunningKey, Error> {
        let mut running = self.lock();
        match running.get(&once.id) {
            None => {
                running.insert(once.id, once.arguments);
                Ok(RunningKey { running: self.clone(), id: once.id })
            }
            Some(arguments) if *arguments == once.arguments => {
                Err(Error::new(&code::KEY_RUNNING, "a call with this `Idempotency-Key` is still running")
                    .hint("retry in a moment with the same key"))
            }
            Some(_) => Err(Error::new(&code::KEY_REUSED, "this `Idempotency-Key` is in use with other arguments")
                .hint("use a new key for a new call, and the old one to repeat a call")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], [u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key in its scope: the action and who asks; the anonymous by their address.
///
/// Errors: MRT002 for a key that is not 1 to 255 visible characters.
pub(crate) fn once(action: &str, caller: &Caller, key: &str, inputs: &Inputs) -> Result<Once, Error> {
    let is_key =
        (1..=limits::IDEMPOTENCY_KEY_SIZE_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if !is_key {
        let message = format!("`Idempotency-Key` is 1 to {} visible characters", limits::IDEMPOTENCY_KEY_SIZE_MAX);
        return Err(Error::new(&code::MALFORMED_REQUEST, message));
    }
    let id = Digest::new("idempotency key").text(action).caller(caller, true).text(key).finish();
    // In another form it is another answer.
    let demand = &inputs.demand;
    let demand = format!("{:?} {} {:?}", demand.form, demand.is_single, demand.rows_max);
    let arguments = Digest::new("idempotency arguments").text(&demand).values(&inputs.arguments).finish();
    let now = inputs.now;
    let kept = i64::try_from(limits::IDEMPOTENCY_KEPT_S).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let expires_at = Timestamp::from_micros(now.micros().saturating_add(kept));
    Ok(Once { id, arguments, now, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::{Identity, Value};
    use martlet_store::Demand;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn of(action: &str, address: &str, key: &str, argument: i64) -> Once {
        let caller = Caller { address: address.parse().ok(), ..Caller::default() };
        once(action, &caller, key, &inputs(&[Value::Integer(argument)])).unwrap()
    }

    fn inputs(arguments: &[Value]) -> Inputs {
        Inputs { arguments: arguments.into(), identity: Identity::Anonymous, now: NOW, demand: Demand::default() }
    }

    #[test]
    fn a_key_is_scoped_to_action_and_caller() {
        let first = of("a", "1.1.1.1", "k", 1);
        assert_eq!(first.id, of("a", "1.1.1.1", "k", 2).id);
        assert_ne!(first.arguments, of("a", "1.1.1.1", "k", 2).arguments);
        for other in [of("b", "1.1.1.1", "k", 1), of("a", "2.2.2.2", "k", 1), of("a", "1.1.1.1", "l", 1)] {
            assert_ne!(first.id, other.id);
        }
        assert_eq!(first.expires_at.micros() - NOW.micros(), 24 * 3600 * 1_000_000);
    }

    #[test]
    fn abuse_sql_20_keys_are_visible_characters() {
        let caller = Caller::default();
        let of = |key: &str| once("a", &caller, key, &inputs(&[])).map(drop).map_err(|error| error.code.into_owned());
        assert_eq!((of("k"), of(&"k".repeat(255))), (Ok(()), Ok(())));
        for wrong in ["", " ", "a b", "é", "a\tb", "a\u{7f}", &"k".repeat(256)] {
            assert_eq!(of(wrong), Err("MRT002".to_owned()), "{wrong:?}");
        }
    }

    #[test]
    fn a_running_key_is_told_until_it_ends() {
        let running = Running::default();
        let first = running.begin(&of("a", "", "k", 1)).unwrap();
        assert_eq!(running.begin(&of("a", "", "k", 1)).unwrap_err().code, "MRT022");
        assert_eq!(running.begin(&of("a", "", "k", 2)).unwrap_err().code, "MRT021");
        assert!(running.begin(&of("a", "", "l", 1)).is_ok());
        drop(first);
        assert!(running.begin(&of("a", "", "k", 2)).is_ok());
        assert!(running.lock().is_empty());
    }
}
