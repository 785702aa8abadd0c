//! Where a connection is between two requests, shared by its stream and the service that answers.

use crate::admission::Turn;
use crate::body::Body;
use hyper::Response;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a connection is between two requests; shared with the service that answers.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    now: AtomicU8,
    has_unread: AtomicBool,
    has_left: AtomicBool,
    has_length: AtomicBool,
    /// Whether the answer's body streams, which hyper may write bit by bit.
    streams: AtomicBool,
    /// Whether what was written waits for the other side.
    is_blocked: AtomicBool,
    /// An answer that the connection is to be taken over for.
    taking: Mutex<Option<Box<Response<Body>>>>,
}

/// What the first stage may know of the connection that a request came on.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) phase: Arc<Phase>,
    pub(crate) turn: Arc<Turn>,
}

pub(crate) const HEAD: u8 = 0;
pub(crate) const BUSY: u8 = 1;
pub(crate) const IDLE: u8 = 2;

impl Phase {
    /// A request's head is complete.
    pub(crate) fn begin(&self) {
        self.now.store(BUSY, Ordering::Relaxed);
    }

    /// Its answer is on the way: what is read from now on is the next head, or what was left of the body.
    pub(crate) fn end(&self, has_unread: bool, streams: bool) {
        self.streams.store(streams, Ordering::Relaxed);
        self.has_unread.store(has_unread, Ordering::Relaxed);
        self.has_length.store(false, Ordering::Relaxed);
        self.now.store(IDLE, Ordering::Relaxed);
    }

    /// The connection is to be taken over to write this answer.
    pub(crate) fn take_over(&self, response: Response<Body>) {
        *self.taking.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(response));
    }

    /// The answer that the connection is taken over for; none while what was answered before has not gone out.
    pub(crate) fn taking(&self) -> Option<Box<Response<Body>>> {
        if self.get() != IDLE || self.is_blocked.load(Ordering::Relaxed) {
            return None;
        }
        self.taking.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What was written waits for the other side, or has gone out.
    pub(crate) fn note_blocked(&self, is_blocked: bool) {
        self.is_blocked.store(is_blocked, Ordering::Relaxed);
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

    /// A head begins.
    pub(crate) fn begin_head(&self) {
        self.now.store(HEAD, Ordering::Relaxed);
        self.has_length.store(false, Ordering::Relaxed);
    }

    /// The head names a length.
    pub(crate) fn note_length(&self) {
        self.has_length.store(true, Ordering::Relaxed);
    }

    /// The other side has closed its half.
    pub(crate) fn note_left(&self) {
        self.has_left.store(true, Ordering::Relaxed);
    }

    /// Whether the last answer may still have more to write although what was written is flushed.
    pub(crate) fn streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }

    pub(crate) fn get(&self) -> u8 {
        self.now.load(Ordering::Relaxed)
    }

    /// Whether bytes of a request may lie unread: of its body, or of a head that was refused.
    pub(crate) fn may_have_unread(&self) -> bool {
        self.get() == HEAD || self.has_unread.load(Ordering::Relaxed)
    }
}
