//! The body of an answer: bytes at hand, what a route behind the first stage streams, or an event stream.

use crate::streams::EventStream;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    /// All of it, at hand.
    Full(Option<Bytes>),
    /// From the router.
    Routed(axum::body::Body),
    /// Never written by hyper: the connection is taken over.
    Events(Box<EventStream>),
}

impl Body {
    pub(crate) const fn empty() -> Self {
        Self::Full(None)
    }

    /// All that is at hand: nothing of what streams.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Body::Full(bytes) => bytes.unwrap_or_default(),
            Body::Routed(_) | Body::Events(_) => Bytes::new(),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Full(Some(bytes))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Body::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Body::Routed(body) => Pin::new(body).poll_frame(cx),
            Body::Events(_) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Full(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Body::Routed(body) => body.is_end_stream(),
            Body::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Body::Routed(body) => body.size_hint(),
            Body::Events(_) => SizeHint::new(),
        }
    }
}
