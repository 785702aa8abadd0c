//! One who follows.

use super::figures::Rerun;
use super::{Follow, Frame, FrameTag, LiveFigures, Seen};
use crate::Engine;
use crate::engine::{Subscribe, Subscription};
use martlet_core::{Error, Kind, Position, Timestamp, code};
use martlet_store::Answer;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

type Pulling = Pin<Box<dyn Future<Output = (Subscription, Result<Answer, Error>)> + Send>>;

/// Follows answers. Dropped: they are not followed any more.
pub struct Follower {
    engine: Arc<Engine>,
    parts: Vec<Part>,
    seen: Option<Seen>,
    last: Option<FrameTag>,
    expires: Option<(Timestamp, Pin<Box<Sleep>>)>,
    over: Option<Error>,
}

struct Part {
    pulling: Pulling,
    latest: Option<(Result<Answer, Error>, FrameTag)>,
}

impl Engine {
    /// Follows answers: [`Follower::begin`] gives the first state, [`Follower::next`] each that differs.
    pub fn follow(self: &Arc<Self>, what: Follow) -> Follower {
        self.live().followers.fetch_add(1, Relaxed);
        let Follow { caller, parts, seen } = what;
        let exp = caller.identity.claims().and_then(|claims| claims.get("exp")?.parse::<f64>().ok());
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as wanted")]
        let expires = exp.map(|exp| Timestamp::from_micros((exp.floor() as i64).saturating_mul(1_000_000)));
        let parts = parts.into_iter().map(|part| {
            let (name, arguments, demand) = (part.name, part.arguments, part.demand);
            let subscription = self.subscribe(Subscribe { caller: caller.clone(), name, arguments, demand });
            Part { pulling: pull(subscription, Duration::ZERO), latest: None }
        });
        let expires = expires.map(|at| (at, Box::pin(tokio::time::sleep(Duration::ZERO))));
        Follower { engine: Arc::clone(self), parts: parts.collect(), seen, last: None, expires, over: None }
    }

    /// Runs what is followed again when commits touch it. To be run once, as a task, for as long as anybody follows.
    pub async fn drive(self: Arc<Self>) {
        std::future::pending::<()>().await;
    }

    /// What following has done.
    pub fn live_figures(&self) -> LiveFigures {
        let live = self.live();
        live.counters.figures(self.cache().map_or(0, |cache| cache.figures.groups), live.followers.load(Relaxed))
    }
}

fn pull(mut subscription: Subscription, delay: Duration) -> Pulling {
    Box::pin(async move {
        tokio::time::sleep(delay).await;
        let result = subscription.next().await;
        (subscription, result)
    })
}

impl Follower {
    /// The first state; none: it is what the caller has already.
    ///
    /// Errors: the caller follows nothing: those of [`Engine::run_query`]; MRT031 where the answers cannot be
    /// followed, MRT032 where as many are followed as may be, MRT004 for more parts than a batch may have. Dropped at
    /// its await: nothing is lost.
    pub async fn begin(&mut self) -> Result<Option<Arc<Frame>>, Error> {
        let seen = self.seen.take();
        let frame = self.next().await?;
        Ok(if seen.is_some_and(|seen| seen.tag == frame.tag) { None } else { Some(frame) })
    }

    /// The next state that differs from the one before; between two calls any number may be passed over but the last.
    ///
    /// Errors: the end. The caller may not follow any more, its token has ended (PGRST303), or what it follows is no
    /// more; each later call gives the same. Dropped at its await: nothing is lost.
    pub async fn next(&mut self) -> Result<Arc<Frame>, Error> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`Follower::next`].
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Arc<Frame>, Error>> {
        if let Some(error) = &self.over {
            return Poll::Ready(Err(error.clone()));
        }
        if let Err(error) = self.is_good(context) {
            return Poll::Ready(Err(self.over.insert(error).clone()));
        }
        let mut is_new = false;
        let is_one = self.parts.len() == 1;
        for part in &mut self.parts {
            while let Poll::Ready((subscription, result)) = part.pulling.as_mut().poll(context) {
                let delay = if result.is_ok() { Duration::ZERO } else { Duration::from_millis(500) };
                part.pulling = pull(subscription, delay);
                if let Err(error) = &result
                    && is_one
                    && is_end(error)
                {
                    return Poll::Ready(Err(self.over.insert(error.clone()).clone()));
                }
                let tag = FrameTag::of(&result);
                let is_same = part.latest.as_ref().is_some_and(|(_, known)| *known == tag);
                let rerun = if result.is_err() { Rerun::Failed } else { Rerun::Changed };
                self.engine.live().counters.ran(if is_same { Rerun::Same } else { rerun });
                if !is_same {
                    part.latest = Some((result, tag));
                    is_new = true;
                }
            }
        }
        let answers: Option<Vec<_>> = self.parts.iter().map(|part| part.latest.clone()).collect();
        let Some(answers) = answers.filter(|_| is_new) else { return Poll::Pending };
        let tag = if is_one { answers[0].1 } else { FrameTag::of_all(answers.iter().map(|(_, tag)| *tag)) };
        if self.last == Some(tag) {
            return Poll::Pending;
        }
        self.last = Some(tag);
        let position = answers.iter().filter_map(|(answer, _)| Some(answer.as_ref().ok()?.position));
        let position = position.max_by_key(|position| position.number).unwrap_or_else(Position::default);
        let answers = answers.into_iter().map(|(answer, _)| answer).collect();
        let counters = &self.engine.live().counters;
        counters.handed_over(None);
        Poll::Ready(Ok(Arc::new(Frame::new(position, answers, tag, !is_one, None))))
    }

    fn is_good(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let Some((at, sleep)) = &mut self.expires else { return Ok(()) };
        while sleep.as_mut().poll(context).is_ready() {
            if self.engine.now() >= *at {
                return Err(Error::new(&code::TOKEN_CLAIMS, "JWT expired"));
            }
            sleep.as_mut().reset(tokio::time::Instant::now() + Duration::from_millis(500));
        }
        Ok(())
    }
}

/// Whether a follower of one answer has nothing to wait for.
fn is_end(error: &Error) -> bool {
    let may_pass = matches!(error.kind, Kind::Timeout | Kind::Conflict | Kind::StorageFull | Kind::Internal);
    let is_own = [&code::NO_ROW, &code::QUEUE_FULL].iter().any(|of| of.code == error.code);
    !may_pass && !is_own
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.engine.live().followers.fetch_sub(1, Relaxed);
    }
}
