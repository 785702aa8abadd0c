//! What one stream is told, and when it ends: events out of frames, errors, heartbeats.

use super::event;
use super::places::{Ended, Place};
use crate::batch;
use crate::failure::{Failure, Surface};
use crate::front::Shared;
use bytes::Bytes;
use hyper::header::HeaderValue;
use martlet_core::{Error, code};
use martlet_engine::{Follower, Frame};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// When a client should come back whose connection is lost: not all at once.
const RETRY_MS: (u64, u64) = (1_000, 3_000);
/// The same when the server stops.
const SHUT_RETRY_MS: (u64, u64) = (0, 5_000);

/// How a stream's events are written.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) is_batch: bool,
    pub(super) is_anonymous: bool,
    /// The request's, for the log.
    pub(super) id: HeaderValue,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Told {
    /// An event. When what it tells was changed, if it tells a change.
    Event(Bytes, Option<Instant>),
    /// The last event.
    End(Bytes),
}

/// One stream, until it ends.
pub(crate) struct EventStream {
    shared: Arc<Shared>,
    place: Place,
    follower: Follower,
    form: Form,
    /// Taken with the head.
    first: Option<Arc<Frame>>,
}

impl EventStream {
    pub(super) fn new(
        shared: Arc<Shared>,
        place: Place,
        follower: Follower,
        form: Form,
        first: Option<Arc<Frame>>,
    ) -> Self {
        Self { shared, place, follower, form, first }
    }

    pub(super) fn now_s(&self) -> i64 {
        self.shared.clock.now().micros().div_euclid(1_000_000)
    }

    pub(super) fn heartbeat(&self) -> Duration {
        self.shared.settings.live.heartbeat
    }

    /// What follows the head at once: when to come back, and the answer, or that the client has it.
    pub(super) fn beginning(&mut self) -> (Bytes, Bytes) {
        let (from_ms, to_ms) = RETRY_MS;
        let retry = event::retry(self.shared.streams.spread(from_ms, to_ms));
        let first = self.first.take().map_or(event::UNCHANGED, |first| self.write(&first));
        (retry, first)
    }

    /// The next event. Safe to be dropped.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            ended = self.place.ended() => Told::End(self.end_of(ended)),
            next = self.follower.next() => match next {
                Ok(frame) => Told::Event(self.write(&frame), frame.changed_at),
                Err(error) => Told::End(self.end_by(error)),
            },
        }
    }

    /// Waits for an end that is not the follower's to tell, while an event is being written. Safe to be dropped.
    pub(super) async fn ended(&mut self) {
        self.place.ended().await;
    }

    /// An event was written whole.
    pub(super) fn note_written(&self, changed_at: Option<Instant>) {
        let streams = &self.shared.streams;
        streams.frames.fetch_add(1, Relaxed);
        if let Some(changed_at) = changed_at {
            streams.delivery.observe(u64::try_from(changed_at.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// The event of a frame; those who are told the same share its bytes.
    fn write(&self, frame: &Arc<Frame>) -> Bytes {
        let size_max = self.shared.settings.batch_answer_size_max;
        if self.form.is_batch {
            // With the errors of some parts, whose status is the caller's.
            let written = batch::write(&frame.answers, self.form.is_anonymous, &self.form.id, size_max);
            return written.map_or_else(|error| self.error(error), |data| event::of_frame(frame, &data));
        }
        match frame.answers.first() {
            Some(Ok(answer)) => {
                let data = answer.body.as_deref().unwrap_or(b"null");
                frame.rendered(|frame| event::of_frame(frame, data)).clone()
            }
            Some(Err(error)) => self.error(error.clone()),
            None => event::UNCHANGED,
        }
    }

    fn error(&self, error: Error) -> Bytes {
        let failure = Failure { is_anonymous: self.form.is_anonymous, ..Failure::from(error) };
        failure.log(&self.form.id);
        event::of_error(&failure.told(Surface::Rest).0)
    }

    fn end_of(&self, ended: Ended) -> Bytes {
        match ended {
            Ended::Session => event::of_end(code::TOKEN_CLAIMS.code, "the session has ended", None),
            Ended::Server => {
                let (from_ms, to_ms) = SHUT_RETRY_MS;
                event::of_code(&code::STREAM_SHUT, Some(self.shared.streams.spread(from_ms, to_ms)))
            }
        }
    }

    fn end_by(&self, error: Error) -> Bytes {
        let failure = Failure::from(error);
        failure.log(&self.form.id);
        let told = failure.told(Surface::Rest).0;
        event::of_end(&failure.error.code, told["message"].as_str().unwrap_or_default(), None)
    }
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").field("place", &self.place).field("form", &self.form).finish_non_exhaustive()
    }
}
