//! How many event streams may be open, whose they are, and the ends that are told from outside.

use crate::settings::ServerSettings;
use martlet_core::{Caller, Claims, Error, Histogram, Identity, code};
use martlet_engine::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// Upper bounds of the time from a commit to the write of what it changed, in nanoseconds.
const DELIVERY_BOUNDS: &[u64] = &[
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
];
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
    pub(super) frames: AtomicU64,
    pub(super) delivery: Histogram,
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
