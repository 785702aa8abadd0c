//! Requests that are answered before hyper reads them: hits of the answer cache, and refusals in an overload.
//!
//! Of a hit, and of a refusal, nearly all of the time is the exchange over the socket; what hyper and the first stage
//! add to it (a table of fields, a future, another table of fields) would be most of the rest. So a plain head, whole
//! in one read on a connection that stands between two requests, is looked at here. Whatever is not plain, or not
//! known here, goes on and is answered by hyper and the first stage, with the same fields and the same bytes.

mod head;
mod hit;
mod lines;
mod refusal;

pub(crate) use head::ChosenBy;
pub(crate) use lines::{write_fields, write_hex, write_line, write_number};

use crate::first_stage::{RPC_ROUTE, rpc_name};
use crate::front::Shared;
use crate::wire::Wire;
use bytes::Bytes;
use head::PlainHead;
use hit::Hits;
use refusal::Refusals;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What answers early.
pub(crate) struct Early {
    shared: Arc<Shared>,
    hits: Hits,
    refusals: Refusals,
    /// How long after its last head hyper may be passed by: it closes a connection that seems idle.
    passed_by_max: Duration,
}

/// Bytes that begin a request, on a connection that waits for one.
pub(crate) struct Come<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) peer: IpAddr,
    pub(crate) wire: &'a Wire,
    /// When hyper was last given a head.
    pub(crate) last_head: Instant,
}

impl Early {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let (hits, refusals) = (Hits::new(), Refusals::new(&shared));
        let passed_by_max = shared.settings.idle_timeout / 2;
        Self { shared, hits, refusals, passed_by_max }
    }

    /// Answers: writes the head, and gives the body that is to follow it. None: the bytes go on, and nothing of them
    /// was counted.
    pub(crate) fn answer(&self, come: &Come<'_>, out: &mut Vec<u8>) -> Option<Bytes> {
        let shared = &*self.shared;
        let is_strained = shared.admission.is_strained();
        if !(is_strained || shared.aliases.has_any()) {
            return None;
        }
        if shared.is_draining() || shared.dev.has_reload_error() || tracing::enabled!(tracing::Level::DEBUG) {
            return None;
        }
        let plain = PlainHead::of(come.bytes, &shared.settings)?;
        let now = Instant::now();
        if now.saturating_duration_since(come.last_head) > self.passed_by_max {
            return None;
        }
        let at = come.wire.turn.came_yet().map_or(now, |came| came.min(now));
        if let Some(body) = self.hits.answer(shared, &plain, come.peer, (at, now), out) {
            return Some(body);
        }
        if plain.is_head || !is_strained || rpc_name(plain.path()).is_none() {
            return None;
        }
        shared.admission.sheds(now, now - at, come.wire.phase.has_left())?;
        shared.statistics.count_refused(RPC_ROUTE, now - at, self.refusals.body_size);
        self.refusals.write(shared, &plain, out);
        Some(Bytes::new())
    }
}
