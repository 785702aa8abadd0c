//! One who follows: finds what there is by itself, when it is woken or asks.

use super::frame::{Frame, FrameTag};
use super::group::{Group, Latest, Look};
use super::hub::{Bell, Seat};
use super::rules::Rule;
use super::{Follow, FollowPart, Seen, together};
use crate::Engine;
use crate::answer_cache::Unwatched;
use crate::engine::{Own, too_many};
use martlet_core::{Caller, Error, Position, Timestamp, code};
use martlet_store::Answer;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use tokio::time::Sleep;

/// Follows answers. Dropped: they are not followed any more.
pub struct Follower {
    engine: Arc<Engine>,
    caller: Caller,
    asked: Vec<FollowPart>,
    seen: Option<Seen>,
    parts: Vec<Part>,
    /// Of the app that the parts are of; none: it has not begun, or begins anew.
    generation: Option<u64>,
    /// It counts against the caller's limits, and among the followers.
    is_counted: bool,
    is_let_in: bool,
    token: Option<Token>,
    /// The last frame that was given.
    given: Option<Given>,
    /// Until when a batch waits for all of its answers to hold together, or a beginner for the app.
    timer: Option<Pin<Box<Sleep>>>,
    over: Option<Error>,
}

/// When the caller's token ends.
struct Token {
    ends_at: Timestamp,
    key: (Timestamp, u64),
    bell: Arc<Bell>,
}

struct Given {
    tag: FrameTag,
    position: Position,
    is_partial: bool,
}

/// One of the answers.
enum Part {
    /// It is no such call, as the app is.
    Refused(Error),
    Following {
        group: Arc<Group>,
        place: usize,
        /// The first state is one that this run gave, or a later one.
        run: u64,
        own: Box<Own>,
    },
}

/// What a part shows.
pub(super) enum Shown<'a> {
    Refused(&'a Error),
    Latest { latest: Latest, group: &'a Group, place: usize, own: &'a Own },
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("parts", &self.asked.len()).field("over", &self.over).finish_non_exhaustive()
    }
}

impl Engine {
    /// Follows answers: [`Follower::begin`] gives the first state, [`Follower::next`] each that differs. Nothing is done
    /// before. Needs a task that runs [`Engine::drive`].
    pub fn follow(self: &Arc<Self>, what: Follow) -> Follower {
        let Follow { caller, parts, seen } = what;
        Follower {
            engine: Arc::clone(self),
            caller,
            asked: parts,
            seen,
            parts: Vec::new(),
            generation: None,
            is_counted: false,
            is_let_in: false,
            token: None,
            given: None,
            timer: None,
            over: None,
        }
    }
}

impl Follower {
    /// The first state; none: it is what the caller has already.
    ///
    /// Errors: the caller follows nothing: those of [`Engine::run_query`] before it runs; MRT031 where the answers
    /// cannot be followed, MRT032 where as many are followed as may be, MRT004 for more parts than a batch may have,
    /// 57014 where no version of the app is ready in time. Of a batch each part has errors of its own, but where all
    /// are refused. Dropped at its await: nothing is lost.
    pub async fn begin(&mut self) -> Result<Option<Arc<Frame>>, Error> {
        std::future::poll_fn(|context| self.poll_begin(context)).await
    }

    /// As [`Follower::begin`].
    pub fn poll_begin(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Arc<Frame>>, Error>> {
        self.poll_frame(context).map_ok(|frame| {
            let seen = self.seen.take();
            Some(frame).filter(|frame| seen.is_none_or(|seen| seen.tag != frame.tag || !Rule::KnowsSeen.holds()))
        })
    }

    /// The next state that differs from the one before; between two calls any number may be passed over but the last.
    ///
    /// Errors: the end. The caller may not follow any more, its token has ended (PGRST303), what it follows is no more
    /// or can be followed no more, the server stops (57P01); each later call gives the same. Dropped at its await:
    /// nothing is lost.
    pub async fn next(&mut self) -> Result<Arc<Frame>, Error> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`Follower::next`].
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Arc<Frame>, Error>> {
        loop {
            let frame = match self.poll_frame(context) {
                Poll::Ready(Ok(frame)) => frame,
                other => return other,
            };
            if self.seen.take().is_none_or(|seen| seen.tag != frame.tag) {
                return Poll::Ready(Ok(frame));
            }
        }
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Result<Arc<Frame>, Error>> {
        if let Some(error) = &self.over {
            return Poll::Ready(Err(error.clone()));
        }
        match self.step(context) {
            Ok(Some(frame)) => {
                self.timer = None;
                // The first may show what was changed long ago.
                let is_later = self.given.is_some();
                let Frame { tag, position, is_partial, changed_at, .. } = *frame;
                self.given = Some(Given { tag, position, is_partial });
                let after = changed_at.filter(|_| is_later).map(|at| Instant::now().saturating_duration_since(at));
                self.engine.live().counters.handed_over(after);
                Poll::Ready(Ok(frame))
            }
            Ok(None) => Poll::Pending,
            Err(error) => {
                self.leave();
                Poll::Ready(Err(self.over.insert(error).clone()))
            }
        }
    }

    /// The frame that is to be given now; none: the context is woken when there may be one.
    fn step(&mut self, context: &mut Context<'_>) -> Result<Option<Arc<Frame>>, Error> {
        self.check(context.waker())?;
        if self.generation != Some(self.engine.live().generation()) && !self.join(context)? {
            return Ok(None);
        }
        let waker = context.waker();
        let mut shown = Vec::with_capacity(self.parts.len());
        let is_one = self.parts.len() == 1;
        for part in &self.parts {
            match part {
                Part::Refused(error) if is_one => return Err(error.clone()),
                Part::Refused(error) => shown.push(Shown::Refused(error)),
                Part::Following { group, place, run, own } => match group.look(*place, *run, waker) {
                    Look::End(error) if is_one => return Err(error),
                    Look::End(error) => {
                        shown.push(Shown::Latest { latest: together::ended(error), group, place: *place, own })
                    }
                    // All are looked at, for all of them may wake it.
                    Look::Wait => {}
                    Look::Latest(latest) => shown.push(Shown::Latest { latest, group, place: *place, own }),
                },
            }
        }
        if shown.len() < self.parts.len() {
            return Ok(None);
        }
        let given = self.given.as_ref();
        let is_given = |tag| given.is_some_and(|given| given.tag == tag && !given.is_partial);
        if let [Shown::Latest { latest, own, .. }] = &shown[..] {
            let frame = if is_given(latest.frame.tag) { None } else { Some(self.own_frame(latest, own)) };
            // What its own demand makes of two answers may be the same.
            return Ok(frame.filter(|frame| !is_given(frame.tag)));
        }
        let tag = FrameTag::of_all(shown.iter().map(Shown::tag));
        if is_given(tag) {
            self.timer = None;
            return Ok(None);
        }
        let hold = together::hold(&self.engine, &shown);
        let is_told = given.is_some_and(|given| given.tag == tag);
        let is_partial = hold.is_none();
        if is_partial && (is_told || !is_over(&mut self.timer, together::PARTIAL_AFTER, context)) {
            // A run that changes nothing tells nobody else.
            shown.iter().for_each(Shown::await_run);
            // One of them may have ended since it was looked at.
            if together::hold(&self.engine, &shown).is_none() {
                return Ok(None);
            }
            context.waker().wake_by_ref();
            return Ok(None);
        }
        let frame = together::frame(&self.engine, &shown, tag, hold, given.map(|given| given.position));
        Ok(Some(Arc::new(frame)))
    }

    fn own_frame(&self, latest: &Latest, own: &Own) -> Arc<Frame> {
        match latest.answer() {
            Ok(answer) if !own.is_plain() => {
                let result = own.give(&self.engine, answer);
                // A page's is that of its rows.
                let tag = if result.is_ok() { latest.frame.tag } else { FrameTag::of(&result) };
                let Frame { position, changed_at, .. } = *latest.frame;
                Arc::new(Frame::new(position, [result].into(), tag, false, changed_at))
            }
            _ => Arc::clone(&latest.frame),
        }
    }

    /// Errors: the token has ended, or nothing is run again.
    fn check(&mut self, waker: &Waker) -> Result<(), Error> {
        if let Some(token) = &self.token {
            token.bell.set(waker);
            if self.engine.now() >= token.ends_at {
                return Err(Error::new(&code::TOKEN_CLAIMS, "JWT expired"));
            }
        }
        match self.engine.live().seat() {
            Seat::Taken => Ok(()),
            Seat::Empty => Err(Error::internal("no task runs `Engine::drive`")),
            Seat::Left => Err(Error::new(&code::SHUTTING_DOWN, "the server is stopping")),
        }
    }

    /// Joins those who follow the same answers; false: no version of the app is ready, the context is woken when one is.
    fn join(&mut self, context: &mut Context<'_>) -> Result<bool, Error> {
        let engine = Arc::clone(&self.engine);
        let live = engine.live();
        if !self.is_let_in {
            if self.asked.len() > engine.parts_max() {
                let message = format!("a batch takes at most {} queries", engine.parts_max());
                return Err(Error::new(&code::TOO_MANY_PARTS, message));
            }
            if !live.admit(self.asked.len()) {
                return Err(too_many(self.asked.first().map_or("", |part| &part.name)));
            }
            self.is_let_in = true;
            self.token = ends_at(&self.caller).map(|ends_at| {
                let (key, bell) = live.add_token(ends_at);
                bell.set(context.waker());
                Token { ends_at, key, bell }
            });
        }
        self.leave_parts();
        let generation = live.generation();
        let is_counted = std::mem::replace(&mut self.is_counted, true);
        let mut parts = Vec::with_capacity(self.asked.len());
        for asked in &self.asked {
            let joined = match engine.followed(&self.caller, asked, !is_counted) {
                Ok((followed, own)) => live.join(&engine, followed).map(|joined| (joined, own)),
                Err(error) => {
                    parts.push(Part::Refused(error));
                    continue;
                }
            };
            match joined {
                Ok(((group, place, run), own)) => {
                    parts.push(Part::Following { group, place, run, own: Box::new(own) });
                }
                Err(Unwatched::TooMany) => parts.push(Part::Refused(too_many(&asked.name))),
                Err(Unwatched::Replaced) => {
                    self.parts = parts;
                    self.leave_parts();
                    return self.wait_for_app(generation, context);
                }
            }
        }
        let follows_any = parts.iter().any(|part| matches!(part, Part::Following { .. }));
        if !follows_any && let Some(Part::Refused(error)) = parts.first() {
            return Err(error.clone());
        }
        (self.parts, self.generation, self.timer) = (parts, Some(generation), None);
        Ok(true)
    }

    fn wait_for_app(&mut self, generation: u64, context: &mut Context<'_>) -> Result<bool, Error> {
        if self.given.is_none() && is_over(&mut self.timer, self.engine.begin_timeout(), context) {
            return Err(Error::new(&code::DEADLINE, "another version of the app is still being loaded"));
        }
        if !self.engine.live().wait_for_app(generation, context.waker()) {
            context.waker().wake_by_ref();
        }
        Ok(false)
    }

    fn leave_parts(&mut self) {
        self.generation = None;
        for part in self.parts.drain(..) {
            if let Part::Following { group, place, .. } = part {
                self.engine.live().leave(&group, place);
            }
        }
    }

    fn leave(&mut self) {
        self.leave_parts();
        if let Some(token) = self.token.take() {
            self.engine.live().remove_token(token.key);
        }
        if std::mem::take(&mut self.is_let_in) {
            self.engine.live().dismiss(self.asked.len());
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Shown<'_> {
    fn tag(&self) -> FrameTag {
        match self {
            Shown::Refused(error) => FrameTag::of(&Err((*error).clone())),
            Shown::Latest { latest, .. } => latest.frame.tag,
        }
    }

    fn await_run(&self) {
        if let Shown::Latest { group, place, .. } = self {
            group.await_run(*place);
        }
    }

    /// The answer, as the follower is given it.
    pub(super) fn give(&self, engine: &Engine) -> Result<Answer, Error> {
        match self {
            Shown::Refused(error) => Err((*error).clone()),
            Shown::Latest { latest, own, .. } => latest.answer().clone().and_then(|answer| own.give(engine, &answer)),
        }
    }
}

/// When the token of a caller ends.
fn ends_at(caller: &Caller) -> Option<Timestamp> {
    let exp = caller.identity.claims()?.get("exp")?;
    // A NumericDate may have a fraction, which is cut off, as it is when the token is verified.
    let seconds = exp.parse::<i64>().ok().or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as wanted")]
        exp.parse::<f64>().ok().map(|exp| exp.floor() as i64)
    })?;
    Some(Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
}

/// Whether so long has passed since this was asked first.
fn is_over(timer: &mut Option<Pin<Box<Sleep>>>, after: std::time::Duration, context: &mut Context<'_>) -> bool {
    timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(after))).as_mut().poll(context).is_ready()
}
