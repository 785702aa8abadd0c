//! One connection from its start to its end.

use crate::admission::Turn;
use crate::body::Body;
use crate::first_stage;
use crate::front::Front;
use crate::guarded_io::{GuardedIo, Patience};
use crate::settings::{AddressRange, HEADER_SIZE_CAP, ServerSettings};
use crate::streams;
use crate::wire::Wire;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// A request line up to hyper's own limit of a URL (64 KiB), so that it is told 414 and not 431.
const REQUEST_LINE_SIZE_MAX: usize = 64 * 1024 + 512;

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Connections {
    per_address: Mutex<HashMap<IpAddr, usize>>,
    per_address_max: usize,
    uncounted: Vec<AddressRange>,
    accepted: AtomicU64,
    open: AtomicUsize,
}

impl Connections {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            per_address: Mutex::new(HashMap::new()),
            per_address_max: settings.connections_per_address_max.max(1),
            uncounted: settings.trusted_proxies.clone(),
            accepted: AtomicU64::new(0),
            open: AtomicUsize::new(0),
        }
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts a connection until the ticket is dropped; none if its address has too many.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Ticket> {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let is_counted = !self.uncounted.iter().any(|range| range.contains(address));
        if is_counted {
            let mut per_address = self.per_address();
            let count = per_address.entry(address).or_default();
            if *count >= self.per_address_max {
                return None;
            }
            *count += 1;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(Ticket { connections: Arc::clone(self), address: is_counted.then_some(address) })
    }

    fn per_address(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.per_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open connection.
pub(super) struct Ticket {
    connections: Arc<Connections>,
    address: Option<IpAddr>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.connections.open.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.address else { return };
        let mut per_address = self.connections.per_address();
        if let Some(count) = per_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                per_address.remove(&address);
            }
        }
    }
}

/// Answers the requests of one connection.
pub(super) async fn serve_connection(
    front: Arc<Front>,
    _ticket: Ticket,
    stream: TcpStream,
    peer: IpAddr,
    mut stopped: watch::Receiver<bool>,
) {
    // Answers are written whole: there is nothing to gather.
    let _ = stream.set_nodelay(true);
    let settings = &front.shared.settings;
    let turn = Arc::new(Turn::new(Arc::clone(&front.shared.admission.line)));
    let wire = Wire { phase: Arc::default(), turn };
    let patience = Patience {
        header_timeout: settings.header_timeout,
        rate_min: settings.rate_min,
        rate_after: settings.rate_after,
    };
    let early = front.early.clone().map(|early| (early, peer));
    let io = TokioIo::new(GuardedIo::new(stream, wire.clone(), patience, early));
    let service = service_fn(|request| {
        wire.phase.begin();
        let (front, wire) = (Arc::clone(&front), wire.clone());
        async move {
            let response = first_stage::answer(&front, peer, &wire, request).await;
            wire.turn.end();
            wire.phase.end(is_refusal(&response), matches!(response.body(), Body::Routed(_)));
            if matches!(response.body(), Body::Events(_)) {
                wire.phase.take_over(response);
                return std::future::pending().await;
            }
            Ok::<_, Infallible>(response)
        }
    });
    // In a box, to be let go where the connection is taken over: it is large.
    let mut connection = Box::new(builder(settings).serve_connection(io, service));
    let mut is_stopping = *stopped.borrow_and_update();
    if is_stopping {
        Pin::new(&mut *connection).graceful_shutdown();
    }
    let ended = loop {
        let its_turn = poll_fn(|cx| {
            wire.turn.take();
            match Pin::new(&mut *connection).poll(cx) {
                Poll::Pending => wire.phase.taking().map_or(Poll::Pending, |answer| Poll::Ready(Ended::Taken(answer))),
                Poll::Ready(ended) => Poll::Ready(Ended::By(ended)),
            }
        });
        tokio::select! {
            biased;
            ended = its_turn => break ended,
            _ = stopped.changed(), if !is_stopping => {
                is_stopping = true;
                Pin::new(&mut *connection).graceful_shutdown();
            }
        }
    };
    match ended {
        Ended::By(Ok(())) => {}
        Ended::By(Err(error)) => tracing::debug!(%peer, %error, "a connection ended early"),
        Ended::Taken(answer) => {
            let socket = connection.into_parts().io.into_inner().into_stream();
            drop((front, wire, stopped));
            streams::run(socket, *answer, patience).await;
        }
    }
}

/// How hyper's part of a connection ends.
enum Ended {
    By(hyper::Result<()>),
    /// An answer is to be written without it.
    Taken(Box<Response<Body>>),
}

fn builder(settings: &ServerSettings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // From the end of an answer to the end of the next head; GuardedIo's, from a head's first byte, is shorter.
        .header_read_timeout(settings.idle_timeout.max(settings.header_timeout))
        .max_buf_size(REQUEST_LINE_SIZE_MAX + settings.header_size_max.min(HEADER_SIZE_CAP));
    // Set only above hyper's own 100: below, the first stage counts, and hyper's table stays on the stack.
    if settings.header_count_max > 100 {
        builder.max_headers(settings.header_count_max);
    }
    builder
}

/// Whether the request's body may lie there unread.
fn is_refusal<B>(response: &Response<B>) -> bool {
    let status = response.status();
    status == StatusCode::SERVICE_UNAVAILABLE
        || (status.is_client_error() && response.headers().contains_key(header::CONNECTION))
}
