//! From the bytes of a request to the kept answer that it gets: so that a hit reads no arguments and asks no policy.
//!
//! An alias is made of a request that the ordinary way has answered from, or into, the answer cache. Its key is all of
//! the request that decides which answer it gets: the target and four fields ([`ChosenBy`]), told apart by their
//! lengths and compared byte for byte. It stands for as long as the answer it leads to is good, and the token that was
//! verified for it; both are asked at each use. The app that allowed the call is the one that is served: with another
//! one all kept answers end.
//!
//! Queries with a declared limit have none, and no error has one.

use crate::answer::Made;
use crate::coding::Coding;
use crate::early::ChosenBy;
use crate::entity_tag::BodyDigest;
use crate::front::Shared;
use crate::headers;
use crate::metrics::HitSeries;
use crate::surrogates;
use crate::tokens::Verified;
use bytes::Bytes;
use hashbrown::DefaultHashBuilder;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use martlet_engine::{KeptAnswer, RouteEntry, Target};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

/// Bytes of the target and the fields of a request that has an alias.
const KEY_SIZE_MAX: usize = 8 * 1024;
/// Aliases.
const ALIASES_MAX: usize = 65_536;
/// Bytes of all aliases and of the answers that they hold on to: of answers that have ended, until the next sweep.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of an alias beside its key and what it holds on to.
const ALIAS_SIZE: usize = 320;

/// A kept answer as a request with this alias gets it.
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) kept: KeptAnswer,
    /// The token that the request came with.
    pub(crate) verified: Option<Arc<Verified>>,
    pub(crate) digest: BodyDigest,
    pub(crate) coding: Coding,
    /// Of the body in this coding.
    pub(crate) tag: HeaderValue,
    /// None: only that it is unchanged can be told.
    pub(crate) body: Option<Bytes>,
    pub(crate) content_type: HeaderValue,
    pub(crate) is_public: bool,
    /// What caches behind may drop it by, as lines of a head.
    pub(crate) surrogates: Option<Arc<[u8]>>,
    /// The declared route that it came by.
    pub(crate) route: Option<Arc<RouteEntry>>,
    pub(crate) series: HitSeries,
}

impl Alias {
    /// Whether it may be answered with now.
    fn is_good(&self, now: Instant, now_s: i64) -> bool {
        self.kept.is_good(now) && self.verified.as_ref().is_none_or(|verified| verified.is_good_at(now_s))
    }
}

#[derive(Debug, Clone)]
struct Weights;

impl Weighter<Box<[u8]>, Arc<Alias>> for Weights {
    fn weight(&self, key: &Box<[u8]>, alias: &Arc<Alias>) -> u64 {
        let surrogates = alias.surrogates.as_ref().map_or(0, |names| names.len());
        (ALIAS_SIZE + key.len() + surrogates + alias.body.as_ref().map_or(0, Bytes::len)) as u64
    }
}

/// All aliases. A look-up holds a shard's lock for as long as it compares keys.
#[derive(Debug)]
pub(crate) struct Aliases {
    map: Cache<Box<[u8]>, Arc<Alias>, Weights, DefaultHashBuilder>,
    has_any: AtomicBool,
}

impl Aliases {
    pub(crate) fn new() -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(ALIASES_MAX)
            .weight_capacity(BYTES_MAX)
            .build()
            .expect("both capacities are given");
        let map = Cache::with_options(options, Weights, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self { map, has_any: AtomicBool::new(false) }
    }

    /// Whether it is worth to look.
    pub(crate) fn has_any(&self) -> bool {
        self.has_any.load(Relaxed)
    }

    /// The alias of a request, if it may be answered with now. The position that is told with it was read before.
    pub(crate) fn get(&self, key: &[u8], now: Instant, now_s: i64) -> Option<Arc<Alias>> {
        let alias = self.map.get(key)?;
        if alias.is_good(now, now_s) {
            return Some(alias);
        }
        // Another one may have been put in its place.
        self.map.remove_if(key, |found| Arc::ptr_eq(found, &alias));
        None
    }

    pub(crate) fn add(&self, key: Box<[u8]>, alias: Alias) {
        self.map.insert(key, Arc::new(alias));
        if !self.has_any() {
            self.has_any.store(true, Relaxed);
        }
    }

    /// Lets go what may not be answered with any more.
    pub(crate) fn sweep(&self, now: Instant, now_s: i64) {
        self.map.retain(|_, alias| alias.is_good(now, now_s));
    }
}

/// A request that was answered in the ordinary way, with an answer that is kept.
pub(crate) struct Known<'a> {
    pub(crate) name: &'a str,
    pub(crate) route: Option<&'a Arc<RouteEntry>>,
    /// As it was before the call.
    pub(crate) target: Target,
    pub(crate) kept: KeptAnswer,
    pub(crate) made: Made,
}

/// Makes an alias of a request, unless something about it is unusual. `answer` are the fields of its answer.
pub(crate) fn remember(shared: &Shared, request: &Parts, known: Known<'_>, answer: &HeaderMap) {
    let Known { name, route, target, kept, made } = known;
    let fields = &request.headers;
    let is_plain = !fields.contains_key(headers::PREFER) && route.is_none_or(|route| route.deprecated.is_none());
    let (true, Some(path), Some(chosen_by)) = (is_plain, request.uri.path_and_query(), chosen_by(fields)) else {
        return;
    };
    let Some(verified) = shared.identities.remembered(fields) else { return };
    let mut key = Vec::new();
    // The app may have been replaced between the look at the target and the call; while the answer is alive it is not.
    let is_same_app = shared.engine.target(name) == Some(target) && kept.is_good(Instant::now());
    if !(is_same_app && write_key(path.as_str().as_bytes(), &chosen_by, &mut key)) {
        return;
    }
    let Made { digest, coding, content_type, body } = made;
    let alias = Alias {
        kept,
        verified,
        digest,
        coding,
        tag: digest.tag(coding),
        body,
        content_type,
        is_public: target.is_public,
        surrogates: surrogates::lines(answer),
        route: route.cloned(),
        series: HitSeries::default(),
    };
    shared.aliases.add(key.into(), alias);
}

/// None where one of the fields stands twice.
fn chosen_by(fields: &HeaderMap) -> Option<ChosenBy<'_>> {
    let single = |name: HeaderName| {
        let mut values = fields.get_all(name).iter();
        let first = values.next().map(HeaderValue::as_bytes);
        values.next().is_none().then_some(first)
    };
    Some(ChosenBy {
        authorization: single(header::AUTHORIZATION)?,
        apikey: single(headers::APIKEY)?,
        accept: single(header::ACCEPT)?,
        accept_encoding: single(header::ACCEPT_ENCODING)?,
    })
}

/// Writes the key of a request; whether it may have an alias.
pub(crate) fn write_key(target: &[u8], chosen_by: &ChosenBy<'_>, key: &mut Vec<u8>) -> bool {
    let ChosenBy { authorization, apikey, accept, accept_encoding } = *chosen_by;
    key.clear();
    let fields = [authorization, apikey, accept, accept_encoding];
    // The lengths first: no two requests with different parts have the same bytes.
    for field in fields {
        let size = field.map_or(u32::MAX, |value| u32::try_from(value.len()).unwrap_or(u32::MAX - 1));
        key.extend_from_slice(&size.to_le_bytes());
    }
    for part in fields.into_iter().flatten().chain([target]) {
        key.extend_from_slice(part);
    }
    key.len() <= KEY_SIZE_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(target: &[u8], fields: [Option<&[u8]>; 4]) -> Vec<u8> {
        let [authorization, apikey, accept, accept_encoding] = fields;
        let mut key = Vec::new();
        assert!(write_key(target, &ChosenBy { authorization, apikey, accept, accept_encoding }, &mut key));
        key
    }

    fn parts() -> impl Strategy<Value = (Vec<u8>, [Option<Vec<u8>>; 4])> {
        let part = || prop::option::of(prop::collection::vec(prop_oneof![Just(0u8), Just(b'a'), Just(255u8)], 0..3));
        (prop::collection::vec(prop_oneof![Just(0u8), Just(b'a')], 0..3), [part(), part(), part(), part()])
    }

    proptest! {
        #[test]
        fn abuse_cache_01_keys_are_the_same_only_of_the_same_requests(left in parts(), right in parts()) {
            let of = |(target, fields): &(Vec<u8>, [Option<Vec<u8>>; 4])| {
                key(target, [0, 1, 2, 3].map(|index: usize| fields[index].as_deref()))
            };
            prop_assert_eq!(of(&left) == of(&right), left == right);
        }
    }

    #[test]
    fn what_is_too_long_has_no_alias() {
        let of = |size: usize| write_key(&vec![b'a'; size], &ChosenBy::default(), &mut Vec::new());
        assert!(of(KEY_SIZE_MAX - 16) && !of(KEY_SIZE_MAX - 15));
    }
}
