//! How many event streams may be open, whose they are, and the ends that are told from outside.

use crate::settings::ServerSettings;
use martlet_core::{Caller, Claims, Error, Histogram, Identity, code, limits};
use martlet_engine::{DELIVERY_BOUNDS, network};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{Notify, watch};

/// A number whose multiples, cut to their low bits, are spread evenly.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// All event streams.
#[derive(Debug)]
pub(crate) struct Streams {
    all_max: usize,
    per_user_max: usize,
    per_address_max: usize,
    open: Mutex<Open>,
    stopping: watch::Sender<bool>,
    draws: AtomicU64,
    frames: AtomicU64,
    delivery: Histogram,
    closed: [AtomicU64; 2],
    /// Bytes of answers that are not the latest any more and still being written.
    overtaken: AtomicUsize,
}

/// Why the server closed a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Its client did not take what it was told.
    SlowConsumer,
    /// Its token or session has ended.
    Expired,
}

impl Closed {
    pub(crate) const ALL: [Self; 2] = [Self::SlowConsumer, Self::Expired];

    /// As the metrics name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SlowConsumer => "slow_consumer",
            Self::Expired => "expired",
        }
    }
}

/// A share of the bytes that slow clients hold.
#[derive(Debug)]
pub(super) struct Held {
    streams: Arc<Streams>,
    size: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.streams.overtaken.fetch_sub(self.size, Relaxed);
    }
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    of_user: HashMap<Box<str>, Vec<Arc<Seat>>>,
    of_network: HashMap<IpAddr, usize>,
}

/// A stream of a user, as far as it can be told to end.
#[derive(Debug)]
struct Seat {
    session: Option<Box<str>>,
    end: Notify,
}

/// The place of one open stream.
#[derive(Debug)]
pub(crate) struct Place {
    streams: Arc<Streams>,
    user: Option<(Box<str>, Arc<Seat>)>,
    network: Option<IpAddr>,
    stopping: watch::Receiver<bool>,
}

impl Streams {
    pub(crate) fn new(settings: &ServerSettings) -> Self {
        let live = settings.live;
        Self {
            all_max: live.streams_max.min(settings.connections_max - settings.connections_max / 5),
            per_user_max: live.streams_per_user_max,
            per_address_max: live.streams_per_address_max,
            open: Mutex::default(),
            stopping: watch::Sender::new(false),
            draws: AtomicU64::new(0),
            frames: AtomicU64::new(0),
            delivery: Histogram::new(DELIVERY_BOUNDS),
            closed: Default::default(),
            overtaken: AtomicUsize::new(0),
        }
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.lock().all
    }

    /// Events with an answer that were written.
    pub(crate) fn frames(&self) -> u64 {
        self.frames.load(Relaxed)
    }

    /// From a commit to the write of what it changed.
    pub(crate) fn delivery(&self) -> &Histogram {
        &self.delivery
    }

    /// How many the server closed for this.
    pub(crate) fn closed(&self, why: Closed) -> u64 {
        self.closed[why as usize].load(Relaxed)
    }

    pub(super) fn note_closed(&self, why: Closed) {
        self.closed[why as usize].fetch_add(1, Relaxed);
    }

    /// An answer was written, whose change could be seen since then.
    pub(super) fn note_written(&self, changed_at: Option<Instant>) {
        self.frames.fetch_add(1, Relaxed);
        if let Some(changed_at) = changed_at {
            self.delivery.observe(u64::try_from(changed_at.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// Holds on to an answer that is not the latest any more; none: slow clients hold as much as they may.
    pub(super) fn hold(self: &Arc<Self>, size: usize) -> Option<Held> {
        let held = Held { streams: Arc::clone(self), size };
        let all = self.overtaken.fetch_add(size, Relaxed).saturating_add(size);
        (all <= limits::STREAMS_OVERTAKEN_SIZE_MAX).then_some(held)
    }

    /// Ends all streams, and each one that is opened from now on.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Ends the streams of a user: of one session (the claim `session_id`) or of all. Who signs out, changes the
    /// password or is given another role is told of here.
    pub(crate) fn end_session(&self, user: &str, session: Option<&str>) {
        if let Some(seats) = self.lock().of_user.get(user) {
            let ends = |seat: &&Arc<Seat>| session.is_none() || seat.session.as_deref() == session;
            seats.iter().filter(ends).for_each(|seat| seat.end.notify_one());
        }
    }

    /// Takes a place for a stream, if its user, its address and all together have one left.
    pub(super) fn admit(self: &Arc<Self>, caller: &Caller) -> Result<Place, Error> {
        let user = match &caller.identity {
            Identity::User(claims) => user_of(claims).map(|user| (user, claims)),
            Identity::Anonymous | Identity::Service(_) => None,
        };
        let network = caller.address.map(network);
        let mut open = self.lock();
        if open.all >= self.all_max {
            return Err(too_many("the server has as many event streams as it may"));
        }
        if user.as_ref().is_some_and(|(user, _)| open.of_user.get(user).map_or(0, Vec::len) >= self.per_user_max) {
            return Err(too_many(format!("a user may have {} event streams", self.per_user_max)));
        }
        if let Some(network) = network {
            let count = open.of_network.entry(network).or_default();
            if *count >= self.per_address_max {
                return Err(too_many(format!("an address may have {} event streams", self.per_address_max)));
            }
            *count += 1;
        }
        open.all += 1;
        let user = user.map(|(user, claims)| {
            let session = claims.get("session_id").map(|session| session.as_ref().into());
            let seat = Arc::new(Seat { session, end: Notify::new() });
            open.of_user.entry(user.clone()).or_default().push(Arc::clone(&seat));
            (user, seat)
        });
        Ok(Place { streams: Arc::clone(self), user, network, stopping: self.stopping.subscribe() })
    }

    /// A time within a range, in milliseconds: those that are drawn one after the other lie far apart.
    pub(super) fn spread(&self, from_ms: u64, to_ms: u64) -> u64 {
        let draw = self.draws.fetch_add(1, Relaxed).wrapping_mul(SPREAD) >> 40;
        from_ms + draw % (to_ms - from_ms + 1)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a stream is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Session,
    Server,
}

impl Place {
    pub(super) fn streams(&self) -> &Arc<Streams> {
        &self.streams
    }

    /// Waits for an end that is told from outside. Safe to be dropped.
    pub(super) async fn ended(&mut self) -> Ended {
        let session = async {
            match &self.user {
                Some((_, seat)) => seat.end.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = session => Ended::Session,
            // The sender is held by the place itself.
            _ = self.stopping.wait_for(|is_stopping| *is_stopping) => Ended::Server,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        open.all -= 1;
        if let Some((user, seat)) = &self.user
            && let Some(seats) = open.of_user.get_mut(user)
        {
            seats.retain(|other| !Arc::ptr_eq(other, seat));
            if seats.is_empty() {
                open.of_user.remove(user);
            }
        }
        if let Some(network) = self.network
            && let Some(count) = open.of_network.get_mut(&network)
        {
            *count -= 1;
            if *count == 0 {
                open.of_network.remove(&network);
            }
        }
    }
}

/// How a user is told apart from others; none where the token names nobody.
fn user_of(claims: &Claims) -> Option<Box<str>> {
    let named = || claims.get("sub").filter(|sub| !sub.is_empty()).map(|sub| sub.as_ref().into());
    claims.user_id.as_deref().map(Into::into).or_else(named)
}

fn too_many(message: impl Into<String>) -> Error {
    Error::new(&code::TOO_MANY_STREAMS, message).hint("Follow several queries on one stream by `/rest/v1/batch`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(sub: &str, role: &str, address: &str) -> Caller {
        let json = format!(r#"{{"sub": "{sub}", "session_id": "s1"}}"#);
        let identity = match role {
            "anon" => Identity::Anonymous,
            role => Identity::User(Arc::new(Claims { role: role.to_owned(), user_id: None, json })),
        };
        Caller { identity, address: Some(address.parse().unwrap()) }
    }

    #[test]
    fn places_are_given_back() {
        let streams = Arc::new(Streams::new(&ServerSettings::default()));
        let one = streams.admit(&caller("ana", "authenticated", "192.0.2.1")).unwrap();
        let other = streams.admit(&caller("", "authenticated", "2001:db8::1")).unwrap();
        assert_eq!((streams.open(), other.user.is_none()), (2, true), "who has no name is told apart by the address");
        drop((one, other));
        let open = streams.lock();
        assert!(open.all == 0 && open.of_user.is_empty() && open.of_network.is_empty(), "{open:?}");
    }

    #[test]
    fn a_refused_stream_counts_nowhere() {
        let settings = ServerSettings::default();
        let streams = Arc::new(Streams { per_user_max: 1, ..Streams::new(&settings) });
        let first = streams.admit(&caller("ana", "authenticated", "192.0.2.1")).unwrap();
        let refused = streams.admit(&caller("ana", "editor", "192.0.2.2")).unwrap_err();
        assert_eq!((refused.code.as_ref(), streams.open()), ("MRT034", 1), "one user, whatever the role");
        assert_eq!(streams.lock().of_network.len(), 1);
        drop(first);
        let none = Arc::new(Streams { all_max: 0, ..Streams::new(&settings) });
        assert!(none.admit(&caller("", "anon", "192.0.2.1")).is_err());
        assert!(none.lock().of_network.is_empty());
    }

    #[test]
    fn abuse_ws_08_what_slow_clients_hold_is_bounded_together() {
        let streams = Arc::new(Streams::new(&ServerSettings::default()));
        let half = limits::STREAMS_OVERTAKEN_SIZE_MAX / 2;
        let (one, two) = (streams.hold(half), streams.hold(half));
        assert!(one.is_some() && two.is_some() && streams.hold(1).is_none());
        drop(two);
        assert!(streams.hold(half).is_some(), "what was refused holds nothing");
        drop(one);
        assert_eq!(streams.overtaken.load(Relaxed), 0);
    }

    #[test]
    fn times_to_come_back_lie_apart() {
        let streams = Streams::new(&ServerSettings::default());
        let mut drawn: Vec<u64> = (0..100).map(|_| streams.spread(0, 5_000)).collect();
        drawn.sort_unstable();
        let widest = drawn.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(drawn[0] < 200 && drawn[99] > 4_800 && drawn[99] <= 5_000 && widest < 300, "{drawn:?}");
    }
}
