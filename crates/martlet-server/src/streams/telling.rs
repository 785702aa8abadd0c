//! What one stream is told, and when it ends: events out of frames, errors, heartbeats.

use super::event::{self, Event};
use super::places::{Closed, Ended, Place, Streams};
use crate::batch;
use crate::failure::{Failure, Surface};
use crate::front::Shared;
use bytes::Bytes;
use hyper::header::HeaderValue;
use martlet_core::{Error, Kind, code};
use martlet_engine::{Follower, Frame};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When a client should come back whose connection is lost: not all at once.
const RETRY_MS: (u64, u64) = (1_000, 3_000);
/// The same when the server stops.
const SHUT_RETRY_MS: (u64, u64) = (0, 5_000);

/// The data of an answer without a body.
static NOTHING: Bytes = Bytes::from_static(b"null");

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
    Event(Event, Option<Instant>),
    /// The last event.
    End(Bytes),
}

/// What came while an event was being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meanwhile {
    /// A newer answer: the one that is being written is not the latest any more.
    Overtaken,
    /// The end.
    Ended,
}

/// One stream, until it ends.
pub(crate) struct EventStream {
    shared: Arc<Shared>,
    place: Place,
    follower: Follower,
    form: Form,
    /// A frame that came before it could be told: with the head, or while another was being written.
    newer: Option<Arc<Frame>>,
}

impl EventStream {
    pub(super) fn new(
        shared: Arc<Shared>,
        place: Place,
        follower: Follower,
        form: Form,
        first: Option<Arc<Frame>>,
    ) -> Self {
        Self { shared, place, follower, form, newer: first }
    }

    pub(super) fn now_s(&self) -> i64 {
        self.shared.clock.now().micros().div_euclid(1_000_000)
    }

    pub(super) fn heartbeat(&self) -> Duration {
        self.shared.settings.live.heartbeat
    }

    /// What follows the head at once: when to come back, and the answer, or that the client has it.
    pub(super) fn beginning(&mut self) -> (Bytes, Event) {
        let (from_ms, to_ms) = RETRY_MS;
        let retry = event::retry(self.place.streams().spread(from_ms, to_ms));
        let first = self.newer.take().map_or_else(|| event::UNCHANGED.into(), |first| self.write(&first));
        (retry, first)
    }

    /// The next event. Safe to be dropped.
    pub(super) async fn next(&mut self) -> Told {
        let next = tokio::select! {
            biased;
            ended = self.place.ended() => return Told::End(self.end_of(ended)),
            next = self.follower.next() => next,
            // It came while another event was being written, and nothing newer has.
            () = std::future::ready(()), if self.newer.is_some() => {
                self.newer.take().map_or_else(|| Err(Error::internal("a frame is gone")), Ok)
            }
        };
        self.newer = None;
        match next {
            Ok(frame) => Told::Event(self.write(&frame), frame.changed_at),
            Err(error) => Told::End(self.end_by(error)),
        }
    }

    /// Looks, while an event is being written, for what comes meanwhile. Safe to be dropped.
    pub(super) async fn watch(&mut self) -> Meanwhile {
        tokio::select! {
            biased;
            ended = self.place.ended() => {
                self.end_of(ended);
                Meanwhile::Ended
            }
            next = self.follower.next() => match next {
                Ok(frame) => {
                    // The latest state alone.
                    self.newer = Some(frame);
                    Meanwhile::Overtaken
                }
                Err(error) => {
                    self.end_by(error);
                    Meanwhile::Ended
                }
            },
        }
    }

    pub(super) fn streams(&self) -> &Arc<Streams> {
        self.place.streams()
    }

    /// The event of a frame.
    fn write(&self, frame: &Frame) -> Event {
        let size_max = self.shared.settings.batch_answer_size_max;
        if self.form.is_batch {
            // With the errors of some parts, whose status is the caller's.
            let written = batch::write(&frame.answers, self.form.is_anonymous, &self.form.id, size_max);
            return written.map_or_else(|error| self.error(error), |data| event::of_answers(frame, &data));
        }
        match frame.answers.first() {
            Some(Ok(answer)) => event::of_answer(frame, answer.body.as_ref().unwrap_or(&NOTHING)),
            Some(Err(error)) => self.error(error.clone()),
            None => event::UNCHANGED.into(),
        }
    }

    fn error(&self, error: Error) -> Event {
        let failure = Failure { is_anonymous: self.form.is_anonymous, ..Failure::from(error) };
        failure.log(&self.form.id);
        event::of_error(&failure.told(Surface::Rest).0)
    }

    fn end_of(&self, ended: Ended) -> Bytes {
        match ended {
            Ended::Session => {
                self.streams().note_closed(Closed::Expired);
                event::of_end(code::TOKEN_CLAIMS.code, "the session has ended", None)
            }
            Ended::Server => {
                let (from_ms, to_ms) = SHUT_RETRY_MS;
                event::of_code(&code::STREAM_SHUT, Some(self.streams().spread(from_ms, to_ms)))
            }
        }
    }

    fn end_by(&self, error: Error) -> Bytes {
        if error.kind == Kind::Unauthenticated {
            self.streams().note_closed(Closed::Expired);
        }
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
