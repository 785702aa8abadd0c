//! A connection that is cut when its other side is too slow: a head that does not come, an answer not taken.
//!
//! No timer runs and no clock is read while the bytes flow; both begin at the first wait.

use crate::admission::{Relay, Turn};
use crate::raw_head::RawHead;
use crate::wire_refusal;
use bytes::{Buf as _, Bytes};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How slow the other side may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) header_timeout: Duration,
    pub(crate) rate_min: u64,
    pub(crate) rate_after: Duration,
}

/// What is read and thrown away after an answer that came before its request was read: closing with bytes unread
/// would reset the connection, and the answer could be lost on its way.
const DISCARD_SIZE_MAX: usize = 64 * 1024;
/// How long that may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// Where a connection is between two requests; shared with the service that answers.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    now: AtomicU8,
    has_unread: AtomicBool,
    has_left: AtomicBool,
    has_length: AtomicBool,
}

/// What the first stage may know of the connection that a request came on.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) phase: Arc<Phase>,
    pub(crate) turn: Arc<Turn>,
}

const HEAD: u8 = 0;
const BUSY: u8 = 1;
const IDLE: u8 = 2;

impl Phase {
    /// A request's head is complete.
    pub(crate) fn begin(&self) {
        self.now.store(BUSY, Ordering::Relaxed);
    }

    /// Its answer is on the way: what is read from now on is the next head, or what was left of the body.
    pub(crate) fn end(&self, has_unread: bool) {
        self.has_unread.store(has_unread, Ordering::Relaxed);
        self.has_length.store(false, Ordering::Relaxed);
        self.now.store(IDLE, Ordering::Relaxed);
    }

    /// Whether the other side had closed its half when the request was read.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }

    /// Whether the head named a length, also where hyper has dropped it. Not told of one that came before it was
    /// asked for, behind another request: of that hyper says nothing, and closes.
    pub(crate) fn has_length(&self) -> bool {
        self.has_length.load(Ordering::Relaxed)
    }

    fn get(&self) -> u8 {
        self.now.load(Ordering::Relaxed)
    }

    /// Whether bytes of a request may lie unread: of its body, or of a head that was refused.
    fn may_have_unread(&self) -> bool {
        self.get() == HEAD || self.has_unread.load(Ordering::Relaxed)
    }
}

/// A stream under a [`Patience`].
pub(crate) struct GuardedIo<S> {
    stream: S,
    wire: Wire,
    relay: Option<(Arc<Relay>, Waker)>,
    patience: Patience,
    raw_head: RawHead,
    head: Option<Pin<Box<Sleep>>>,
    stall: Option<Stall>,
    discard: Option<Discard>,
    /// What is left to write in place of what hyper has written.
    refusal: Option<Bytes>,
}

/// The end of a connection whose other side may still be sending.
struct Discard {
    size: usize,
    timer: Pin<Box<Sleep>>,
}

/// A wait for the other side to take bytes.
struct Stall {
    since: Instant,
    written: u64,
    timer: Pin<Box<Sleep>>,
}

impl<S> GuardedIo<S> {
    pub(crate) fn new(stream: S, wire: Wire, patience: Patience) -> Self {
        Self {
            stream,
            wire,
            relay: None,
            patience,
            raw_head: RawHead::default(),
            head: None,
            stall: None,
            discard: None,
            refusal: None,
        }
    }

    fn poll_head_timer(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.wire.phase.get() != HEAD {
            return Poll::Pending;
        }
        let timeout = self.patience.header_timeout;
        let timer = self.head.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        timer.as_mut().poll(cx).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn written(&mut self, result: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(result) => {
                if let (Some(stall), Ok(size)) = (&mut self.stall, &result) {
                    stall.written = stall.written.saturating_add(*size as u64);
                }
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_stall(cx).map(Err),
        }
    }

    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Patience { rate_min, rate_after, .. } = self.patience;
        let stall = self.stall.get_or_insert_with(|| Stall {
            since: Instant::now(),
            written: 0,
            timer: Box::pin(tokio::time::sleep(rate_after)),
        });
        while stall.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if stall.written < rate_min.saturating_mul((now - stall.since).as_secs().max(1)) {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            stall.timer.as_mut().reset(now + Duration::from_secs(1));
        }
        Poll::Pending
    }
}

impl<S> GuardedIo<S> {
    /// Bytes of a head have come: its first, or more.
    fn note_head(&mut self, bytes: &[u8]) {
        let phase = &self.wire.phase;
        if phase.get() == IDLE {
            phase.now.store(HEAD, Ordering::Relaxed);
            phase.has_length.store(false, Ordering::Relaxed);
            self.head = None;
            self.raw_head = RawHead::default();
        }
        self.raw_head.read(bytes);
        if self.raw_head.has_length() {
            phase.has_length.store(true, Ordering::Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin> GuardedIo<S> {
    /// Looks whether the other side sends no more. Where it is still there this asks the system nothing: the stream
    /// knows that it has been read to its present end.
    fn look_for_end(&mut self, buf: &mut ReadBuf<'_>) {
        if buf.remaining() == 0 {
            return;
        }
        let waker = self.relay.as_ref().map_or(Waker::noop(), |(_, waker)| waker);
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(waker), buf);
        if matches!(polled, Poll::Ready(Ok(()))) && buf.filled().len() == before {
            self.wire.phase.has_left.store(true, Ordering::Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedIo<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        let waker = Relay::of(&mut this.relay, &this.wire.turn, cx.waker());
        match Pin::new(&mut this.stream).poll_read(&mut Context::from_waker(waker), buf) {
            Poll::Ready(result) => {
                if buf.filled().len() > before && self.wire.phase.get() != BUSY {
                    if self.wire.turn.is_crowded() {
                        self.look_for_end(buf);
                    }
                    self.note_head(&buf.filled()[before..]);
                }
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_head_timer(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> GuardedIo<S> {
    /// Writes a refusal of hyper's in our shape; none: these bytes are an answer of ours.
    fn poll_refusal(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.wire.phase.get() != HEAD {
            return None;
        }
        if self.refusal.is_none() {
            self.refusal = Some(wire_refusal::in_our_shape(bytes)?);
        }
        let refusal = self.refusal.as_mut()?;
        while refusal.has_remaining() {
            match Pin::new(&mut self.stream).poll_write(cx, refusal) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(size)) => refusal.advance(size),
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(self.poll_stall(cx).map(Err)),
            }
        }
        self.refusal = None;
        Some(Poll::Ready(Ok(bytes.len())))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for GuardedIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(polled) = self.poll_refusal(cx, bytes) {
            return polled;
        }
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(result, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // A refusal of hyper's is all in one part.
        if let [first, ..] = parts
            && let Some(polled) = self.poll_refusal(cx, first)
        {
            return polled;
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.written(result, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if result.is_ready() {
            self.stall = None;
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.discard.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if !this.wire.phase.may_have_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        let timer = || Discard { size: 0, timer: Box::pin(tokio::time::sleep(DISCARD_TIMEOUT)) };
        let discard = this.discard.get_or_insert_with(timer);
        let mut bytes = [0; 4096];
        while discard.size < DISCARD_SIZE_MAX {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => discard.size += buffer.filled().len(),
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return discard.timer.as_mut().poll(cx).map(Ok),
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Admission;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

    /// Gives a request, then its end or nothing more.
    struct Client {
        is_sent: bool,
        leaves: bool,
    }

    impl AsyncRead for Client {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if !std::mem::replace(&mut self.is_sent, true) {
                buf.put_slice(REQUEST);
                return Poll::Ready(Ok(()));
            }
            if self.leaves { Poll::Ready(Ok(())) } else { Poll::Pending }
        }
    }

    #[test]
    fn a_client_that_has_left_is_seen_with_its_request() {
        let patience =
            Patience { header_timeout: Duration::from_secs(1), rate_min: 1, rate_after: Duration::from_secs(1) };
        for (leaves, is_crowded) in [(true, true), (false, true), (true, false)] {
            let line = Admission::new(None, 1).line;
            let other = Arc::new(Turn::new(Arc::clone(&line)));
            let mut relay = None;
            if is_crowded {
                Relay::of(&mut relay, &other, Waker::noop()).wake_by_ref();
            }
            let wire = Wire { phase: Arc::default(), turn: Arc::new(Turn::new(line)) };
            let mut io = GuardedIo::new(Client { is_sent: false, leaves }, wire.clone(), patience);
            let mut bytes = [0; 64];
            let mut buf = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut io).poll_read(&mut Context::from_waker(Waker::noop()), &mut buf);
            assert!(matches!(read, Poll::Ready(Ok(()))));
            assert_eq!(buf.filled(), REQUEST);
            // Nothing is looked for where nobody waits.
            assert_eq!(wire.phase.has_left(), leaves && is_crowded);
        }
    }
}
