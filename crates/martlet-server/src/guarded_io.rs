//! A connection that is cut when its other side is too slow: a head that does not come, an answer not taken.
//!
//! No timer runs and no clock is read while the bytes flow; both begin at the first wait.

mod early_part;

use crate::admission::Relay;
use crate::early;
use crate::raw_head::RawHead;
use crate::wire::{BUSY, HEAD, IDLE, Wire};
use crate::wire_refusal;
use bytes::{Buf as _, Bytes};
use early_part::Early;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
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
    early: Option<Early>,
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
    pub(crate) fn new(stream: S, wire: Wire, patience: Patience, early: Option<(Arc<early::Early>, IpAddr)>) -> Self {
        let early = early.map(|(answers, peer)| Early::new(answers, peer));
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
            early,
        }
    }

    /// The stream alone: nothing that was read or written is held here.
    pub(crate) fn into_stream(self) -> S {
        self.stream
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
                if let Ok(size) = &result {
                    self.note_written(*size);
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                self.wire.phase.note_blocked(true);
                self.poll_stall(cx).map(Err)
            }
        }
    }

    fn note_written(&mut self, size: usize) {
        if let Some(stall) = &mut self.stall {
            stall.written = stall.written.saturating_add(size as u64);
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
        if let Some(early) = &mut self.early {
            early.note_head(&self.raw_head, &self.wire);
        }
        if phase.get() == IDLE {
            phase.begin_head();
            self.head = None;
            self.raw_head = RawHead::default();
        }
        self.raw_head.read(bytes);
        if self.raw_head.has_length() {
            phase.note_length();
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
            self.wire.phase.note_left();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for GuardedIo<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        loop {
            ready!(this.poll_early_rest(cx))?;
            let waker = Relay::of(&mut this.relay, &this.wire.turn, cx.waker());
            let Poll::Ready(result) = Pin::new(&mut this.stream).poll_read(&mut Context::from_waker(waker), buf) else {
                return this.poll_head_timer(cx).map(Err);
            };
            if buf.filled().len() == before {
                return Poll::Ready(result);
            }
            if this.wire.phase.get() == BUSY {
                // The rest of its body, or what comes behind.
                this.raw_head.read(&buf.filled()[before..]);
                return Poll::Ready(result);
            }
            if this.wire.turn.is_crowded() {
                this.look_for_end(buf);
            }
            let bytes = &buf.filled()[before..];
            if !this.answer_early(cx, bytes)? {
                this.note_head(bytes);
                return Poll::Ready(result);
            }
            buf.set_filled(before);
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
            // Only where there was one: this is on every answer's way.
            if self.stall.take().is_some() {
                self.wire.phase.note_blocked(false);
            }
            if self.wire.phase.get() == IDLE {
                self.early.iter_mut().for_each(Early::note_flushed);
            }
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
mod tests;
