//! The limits that a query or action declares, and how they stand for a caller.

use crate::digest::subject;
use crate::rate::{Rate, RateLimiter, Standing};
use martlet_core::{Caller, Error, Identity, Timestamp, Value, code};
use martlet_sql::{Declaration, Limit, LimitPer};
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

/// How one limit stands after a call, for the fields of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitState {
    /// The limit's name: the query's or action's, and what is counted where there are several.
    pub name: Arc<str>,
    /// What is counted.
    pub rate: Rate,
    /// How it stands.
    pub standing: Standing,
}

/// One declared limit with its counts.
#[derive(Debug)]
pub(super) struct DeclaredLimit {
    name: Arc<str>,
    limit: Limit,
    limiter: Arc<RateLimiter>,
}

/// Whom a call is counted for.
#[derive(Hash)]
enum Subject<'a> {
    All,
    User(&'a str, Cow<'a, str>),
    Service,
    Address(Option<IpAddr>),
    Value(ValueKey<'a>),
}

struct ValueKey<'a>(&'a Value);

impl Hash for ValueKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        crate::digest::Digest::new("limit").value(self.0).finish().hash(state);
    }
}

/// The limits of a declaration; those that stood there before go on counting.
pub(super) fn declared(declaration: &Declaration, before: &[DeclaredLimit]) -> Vec<DeclaredLimit> {
    let limits = &declaration.limits;
    let one = |(index, limit): (usize, &Limit)| {
        let kept = before.get(index).filter(|before| before.limit == *limit);
        let rate = Rate { calls: limit.calls, window_ms: limit.window_ms, is_count: limit.is_count };
        let limiter = kept.map_or_else(|| Arc::new(RateLimiter::new(rate)), |kept| Arc::clone(&kept.limiter));
        let name = match limits.len() {
            1 => declaration.name.clone(),
            _ => format!("{}.{}", declaration.name, index + 1),
        };
        DeclaredLimit { name: name.into(), limit: limit.clone(), limiter }
    };
    limits.iter().enumerate().map(one).collect()
}

/// Counts a call against all limits, if all of them allow it; none of them counts what another one refuses.
///
/// Errors: MRT029 with the message of the limit that takes longest to allow the call.
pub(super) fn take(
    limits: &[DeclaredLimit],
    caller: &Caller,
    arguments: &[Value],
    now: Timestamp,
) -> (Vec<LimitState>, Result<(), Error>) {
    // Held together, in the order of the declaration, so that no other call comes between looking and counting.
    let mut takings: Vec<_> =
        limits.iter().map(|limit| limit.limiter.taking(&subject_of(limit, caller, arguments), now)).collect();
    let standings: Vec<Standing> = takings.iter_mut().map(crate::rate::Taking::look).collect();
    let state = |(limit, standing): (&DeclaredLimit, Standing)| LimitState {
        name: Arc::clone(&limit.name),
        rate: limit.limiter.rate(),
        standing,
    };
    let refusing = limits.iter().zip(&standings).filter(|(_, standing)| !standing.is_allowed);
    if let Some((limit, standing)) = refusing.max_by_key(|(_, standing)| standing.retry_us) {
        let error = refused(&limit.limit, *standing);
        return (limits.iter().zip(standings).map(state).collect(), Err(error));
    }
    let taken: Vec<Standing> = takings.into_iter().map(crate::rate::Taking::take).collect();
    (limits.iter().zip(taken).map(state).collect(), Ok(()))
}

fn refused(limit: &Limit, standing: Standing) -> Error {
    let seconds = standing.retry_us.div_ceil(1_000_000).max(1);
    let message = limit.message.clone().unwrap_or_else(|| "too many calls".to_owned());
    Error::new(&code::RATE_LIMITED, message).hint(format!("retry after {seconds} s"))
}

fn subject_of<'a>(limit: &DeclaredLimit, caller: &'a Caller, arguments: &'a [Value]) -> Subject<'a> {
    let address = || Subject::Address(caller.address.map(network));
    match limit.limit.per {
        LimitPer::All => Subject::All,
        LimitPer::Address => address(),
        LimitPer::User => match &caller.identity {
            Identity::Anonymous => address(),
            Identity::Service(_) => Subject::Service,
            // Nobody is named: told apart as the anonymous are.
            Identity::User(claims) => subject(claims).map_or_else(address, |name| Subject::User(&claims.role, name)),
        },
        LimitPer::Parameter(index) => Subject::Value(ValueKey(arguments.get(index).unwrap_or(&Value::Null))),
    }
}

/// What one caller can have for itself: an IPv4 address, or the first 64 bits of an IPv6 address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::Claims;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn limit(calls: u64, per: LimitPer) -> Limit {
        Limit { calls, window_ms: 60_000, is_count: false, per, message: Some(format!("{calls} are enough")) }
    }

    fn of(limits: Vec<Limit>) -> Vec<DeclaredLimit> {
        declared(&Declaration { name: "q".into(), limits, ..Declaration::default() }, &[])
    }

    fn anonymous(address: &str) -> Caller {
        Caller { identity: Identity::Anonymous, address: address.parse().ok() }
    }

    fn user(sub: &str, address: &str) -> Caller {
        let json = format!(r#"{{"sub": "{sub}"}}"#);
        let claims = Claims { role: "authenticated".into(), user_id: None, json };
        Caller { identity: Identity::User(Arc::new(claims)), address: address.parse().ok() }
    }

    fn allows(limits: &[DeclaredLimit], caller: &Caller, argument: &str) -> bool {
        take(limits, caller, &[Value::Text(argument.into())], NOW).1.is_ok()
    }

    #[test]
    fn each_is_counted_apart() {
        let users = of(vec![limit(1, LimitPer::User)]);
        assert!(allows(&users, &user("a", "1.1.1.1"), "") && !allows(&users, &user("a", "2.2.2.2"), ""));
        assert!(allows(&users, &user("b", "1.1.1.1"), ""));
        assert!(allows(&users, &anonymous("1.1.1.1"), "") && !allows(&users, &anonymous("1.1.1.1"), ""));
        assert!(allows(&users, &Caller::service(), "") && !allows(&users, &Caller::service(), ""));
        let addresses = of(vec![limit(1, LimitPer::Address)]);
        assert!(allows(&addresses, &anonymous("2001:db8::1"), ""));
        assert!(!allows(&addresses, &user("a", "2001:db8::ffff:1"), ""), "of one network");
        assert!(allows(&addresses, &anonymous("2001:db8:0:1::1"), ""));
        assert!(allows(&addresses, &anonymous("::ffff:1.1.1.1"), "") && !allows(&addresses, &anonymous("1.1.1.1"), ""));
        let values = of(vec![limit(1, LimitPer::Parameter(0))]);
        assert!(allows(&values, &anonymous("1.1.1.1"), "x") && !allows(&values, &anonymous("2.2.2.2"), "x"));
        assert!(allows(&values, &anonymous("1.1.1.1"), "y"));
        let all = of(vec![limit(1, LimitPer::All)]);
        assert!(allows(&all, &anonymous("1.1.1.1"), "") && !allows(&all, &user("a", "2.2.2.2"), ""));
    }

    #[test]
    fn what_one_limit_refuses_the_others_do_not_count() {
        let limits = of(vec![limit(5, LimitPer::All), limit(1, LimitPer::User)]);
        assert!(allows(&limits, &user("a", ""), ""));
        for _ in 0..10 {
            let (states, result) = take(&limits, &user("a", ""), &[], NOW);
            let error = result.unwrap_err();
            assert_eq!((error.code.as_ref(), error.message.as_str()), ("MRT029", "1 are enough"));
            assert_eq!(error.hint.as_deref(), Some("retry after 60 s"));
            let shown: Vec<_> = states.iter().map(|state| (&*state.name, state.standing.remaining)).collect();
            assert_eq!(shown, [("q.1", 4), ("q.2", 0)]);
        }
        assert!(allows(&limits, &user("b", ""), ""));
    }

    #[test]
    fn a_reload_keeps_the_counts_of_a_limit_that_stays() {
        let first = of(vec![limit(1, LimitPer::All), limit(2, LimitPer::All)]);
        assert!(allows(&first, &Caller::service(), "") && !allows(&first, &Caller::service(), ""));
        let declaration = |limits| Declaration { name: "q".into(), limits, ..Declaration::default() };
        let same = declared(&declaration(vec![limit(1, LimitPer::All)]), &first);
        assert!(!allows(&same, &Caller::service(), ""));
        let other = declared(&declaration(vec![limit(3, LimitPer::All)]), &first);
        assert!(allows(&other, &Caller::service(), ""));
    }
}
