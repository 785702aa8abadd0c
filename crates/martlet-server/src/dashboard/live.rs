//! The performance figures as an event stream: every two seconds, and only what has changed.
//!
//! One task a stream, few streams: they are for operators. A stream ends with the server.

use super::figures::Gathered;
use super::samples::NOW_EVERY;
use super::{guarded, performance};
use crate::front::Shared;
use crate::{admin, headers};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use martlet_core::{Error, code};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// Streams of figures at once.
const STREAMS_MAX: usize = 16;
/// How often a stream looks whether the server stops.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(100);
const EVENT_STREAM: &str = "text/event-stream";
/// Proxies keep back what they think is a file.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Streams of figures that are open.
#[derive(Debug, Default)]
pub(crate) struct FigureStreams(Arc<AtomicUsize>);

/// What a stream tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// All figures as JSON.
    Figures,
    /// The parts of the page that have changed.
    Parts,
}

/// Whether a stream is asked for.
pub(super) fn is_wanted(fields: &HeaderMap) -> bool {
    let accept = fields.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|item| item.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(EVENT_STREAM))
}

/// A place among the streams, given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl FigureStreams {
    fn place(&self) -> Option<Place> {
        let take = |open: usize| (open < STREAMS_MAX).then_some(open + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok().map(|_| Place(Arc::clone(&self.0)))
    }
}

pub(super) fn stream(shared: Arc<Shared>, told: Told) -> Response {
    let Some(place) = shared.figure_streams.place() else {
        let error = Error::new(&code::RATE_LIMITED, "too many streams of figures are open");
        return admin::refused(error.into());
    };
    let state = Stream { shared, told, _place: place, seen: HashMap::new(), is_first: true };
    let mut response = Response::new(Body::new(Events(Box::pin(next(state)))));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    out.insert(header::CACHE_CONTROL, headers::NO_STORE);
    out.insert(header::VARY, super::VARY);
    out.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    guarded(response)
}

struct Stream {
    shared: Arc<Shared>,
    told: Told,
    _place: Place,
    /// What was sent of each part.
    seen: HashMap<&'static str, u64>,
    is_first: bool,
}

/// The next event and what comes after it; none: the server stops.
async fn next(mut stream: Stream) -> Option<(Bytes, Stream)> {
    let shared = Arc::clone(&stream.shared);
    if !stream.is_first {
        let rounds = NOW_EVERY.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..rounds {
            if shared.is_draining() {
                return None;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    if shared.is_draining() {
        return None;
    }
    let begin = if std::mem::take(&mut stream.is_first) { "retry: 2000\n" } else { "" };
    let gathered = Gathered::now(&shared, shared.looks.get(&shared).await);
    let data = match stream.told {
        Told::Figures => gathered.to_json(&shared),
        Told::Parts => json!({"parts": stream.changed(&gathered)}),
    };
    Some((Bytes::from(format!("{begin}data: {data}\n\n")), stream))
}

impl Stream {
    fn changed(&mut self, gathered: &Gathered) -> Map<String, Value> {
        let mut changed = Map::new();
        for part in performance::parts(&self.shared, gathered) {
            let mut hasher = DefaultHasher::new();
            part.html.as_str().hash(&mut hasher);
            let hash = hasher.finish();
            if self.seen.insert(part.id, hash) != Some(hash) {
                changed.insert(part.id.to_owned(), part.html.finish().into());
            }
        }
        changed
    }
}

type Next = Pin<Box<dyn Future<Output = Option<(Bytes, Stream)>> + Send>>;

/// The events, one after another as they are taken.
struct Events(Next);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.as_mut().poll(cx) {
            Poll::Ready(Some((event, stream))) => {
                self.0 = Box::pin(next(stream));
                Poll::Ready(Some(Ok(Frame::data(event))))
            }
            Poll::Ready(None) => {
                self.0 = Box::pin(std::future::ready(None));
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
