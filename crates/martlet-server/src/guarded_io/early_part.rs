//! What a connection answers before hyper reads it: where that is safe, and how it is written.
//!
//! It is safe where hyper holds nothing: all that it was given were whole requests, the last of them is answered, and
//! that answer has gone out. Else what comes may be the rest of something, and an answer written now would stand in
//! the place of another.

use super::GuardedIo;
use crate::early::{Come, Early as Answers};
use crate::raw_head::RawHead;
use crate::wire::{HEAD, IDLE, Wire};
use bytes::{Buf as _, Bytes};
use std::cell::RefCell;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::AsyncWrite;

thread_local! {
    /// An answer is written here, and from here to the socket.
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Answers to requests that hyper does not hear of.
pub(super) struct Early {
    answers: Arc<Answers>,
    peer: IpAddr,
    /// Whether all that hyper was given, but for the last, were whole requests and nothing behind them.
    is_in_step: bool,
    /// Whether hyper's last answer has gone out.
    is_flushed: bool,
    /// When hyper was last given a head.
    last_head: Instant,
    /// What is left to write: of a head, of its body.
    rest: [Bytes; 2],
}

impl Early {
    pub(super) fn new(answers: Arc<Answers>, peer: IpAddr) -> Self {
        let last_head = Instant::now();
        Self { answers, peer, is_in_step: true, is_flushed: true, last_head, rest: Default::default() }
    }

    /// hyper is given bytes of a head; `before` is what it was given last.
    pub(super) fn note_head(&mut self, before: &RawHead, wire: &Wire) {
        self.is_in_step &= before.is_empty() || before.is_whole() || wire.phase.get() == HEAD;
        self.is_flushed = false;
        self.last_head = wire.turn.came_yet().unwrap_or(self.last_head);
    }

    /// All that hyper has written has gone out.
    pub(super) fn note_flushed(&mut self) {
        self.is_flushed = true;
    }

    fn is_safe(&self, last: &RawHead, wire: &Wire) -> bool {
        let is_answered = wire.phase.get() == IDLE && self.is_flushed && !wire.phase.streams();
        self.is_in_step && (last.is_empty() || (last.is_whole() && is_answered))
    }
}

impl<S: AsyncWrite + Unpin> GuardedIo<S> {
    /// Answers what has been read, if it is a request that hyper need not hear of; whether it was.
    pub(super) fn answer_early(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<bool> {
        let Some(early) = self.early.as_mut().filter(|early| early.is_safe(&self.raw_head, &self.wire)) else {
            return Ok(false);
        };
        WRITTEN.with_borrow_mut(|written| {
            written.clear();
            let come = Come { bytes, peer: early.peer, wire: &self.wire, last_head: early.last_head };
            let Some(body) = early.answers.answer(&come, written) else { return Ok(false) };
            // That request is over, and what follows is the next one's.
            self.wire.turn.end();
            self.wire.phase.end(false, false);
            self.head = None;
            let size = match Pin::new(&mut self.stream).poll_write(cx, written) {
                Poll::Ready(size) => size?,
                Poll::Pending => 0,
            };
            let left = written.get(size..).filter(|left| !left.is_empty()).map(Bytes::copy_from_slice);
            early.rest = [left.unwrap_or_default(), body];
            Ok(true)
        })
    }

    /// Writes what an early answer has left.
    pub(super) fn poll_early_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let Some(early) = &mut self.early else { return Poll::Ready(Ok(())) };
            let Some(rest) = early.rest.iter_mut().find(|rest| rest.has_remaining()) else {
                return Poll::Ready(Ok(()));
            };
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(size)) => {
                    rest.advance(size);
                    let is_over = early.rest.iter().all(Bytes::is_empty);
                    self.note_written(size);
                    if is_over {
                        self.stall = None;
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return self.poll_stall(cx).map(Err),
            }
        }
    }
}
