//! Admission: what is more than can be done in time is refused before anything is done for it.
//!
//! Reads run where they are asked, on the runtime's workers; so what waits are connections whose bytes have come and
//! whose turn has not. The driver's wake-ups are counted on their way (`Line`, `Turn`), which shows both how many wait
//! and how long; one counter of requests "in flight" would always read about one for each worker.
//!
//! What those call who watch over the server is never refused, nor are preflights, which cost no more than a refusal.

mod line;

pub(crate) use line::{Line, Relay, Turn};

use crate::body::Body;
use crate::failure::{Failure, Surface};
use bytes::Bytes;
use hyper::Response;
use hyper::header::{self, HeaderValue};
use martlet_core::{Error, QueueBounds, QueueLimit, code, limits};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Seconds after which a refused caller should come back: not all at once.
const RETRY_AFTER: [HeaderValue; 3] =
    [HeaderValue::from_static("1"), HeaderValue::from_static("2"), HeaderValue::from_static("3")];

/// How admission is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// How long a request should wait for its turn at most.
    pub target: Duration,
    /// How long more than the limit may wait before any is refused.
    pub patience: Duration,
    /// So many may always wait, for each worker.
    pub waiting_min: usize,
    /// More never wait.
    pub waiting_max: usize,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self {
            target: Duration::from_millis(limits::ADMISSION_TARGET_MS),
            patience: Duration::from_millis(limits::ADMISSION_PATIENCE_MS),
            waiting_min: limits::ADMISSION_WAITING_MIN,
            waiting_max: limits::ADMISSION_WAITING_MAX,
        }
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shed {
    /// More wait than can be answered in time.
    Limit,
    /// It has waited longer than its answer is of use.
    QueueAge,
    /// Its client has gone while it waited.
    Gone,
}

impl Shed {
    pub(crate) const ALL: [Self; 3] = [Self::Limit, Self::QueueAge, Self::Gone];

    /// As the metrics name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::QueueAge => "queue_age",
            Self::Gone => "gone",
        }
    }
}

/// Decides who is let in.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) line: Arc<Line>,
    /// None: all are let in.
    limit: Option<QueueLimit>,
    target: Duration,
    shed: [AtomicU64; 3],
    /// The bodies of a refusal, on `/rest/v1` and elsewhere.
    refusals: [(Bytes, HeaderValue); 2],
}

impl Admission {
    pub(crate) fn new(settings: Option<AdmissionSettings>, workers: usize) -> Self {
        let limit = settings.map(|settings| {
            let min = settings.waiting_min.saturating_mul(workers.max(1));
            let AdmissionSettings { target, patience, waiting_max: max, .. } = settings;
            QueueLimit::new(QueueBounds { target, patience, min, max })
        });
        Self {
            line: Arc::new(Line::new()),
            limit,
            target: settings.map_or(Duration::MAX, |settings| settings.target),
            shed: Default::default(),
            refusals: [Surface::Rest, Surface::Other].map(refusal),
        }
    }

    /// Whether a request may go on that has waited so long. Counts it.
    ///
    /// A client that has closed its half at once may still want its answer; one that did so while it waited longer
    /// than anybody should has given up.
    pub(crate) fn admit(&self, now: Instant, waited: Duration, has_left: bool) -> Result<(), Shed> {
        let Some(limit) = &self.limit else {
            self.note_waited(waited);
            return Ok(());
        };
        if let Some(shed) = self.sheds(now, waited, has_left) {
            return Err(shed);
        }
        self.note_waited(waited);
        limit.served();
        Ok(())
    }

    /// Lets one in that costs no more than a refusal, whoever waits. Counts it.
    pub(crate) fn pass(&self, now: Instant, waited: Duration) {
        self.note_waited(waited);
        if let Some(limit) = &self.limit {
            // For the measure of the rate, whatever it says.
            limit.admits(self.line.nanos(now), self.line.waiting());
            limit.served();
        }
    }

    /// Whether some may be refused now: only then is it worth to look at a request before it is read as one.
    pub(crate) fn is_strained(&self) -> bool {
        self.limit.as_ref().is_some_and(QueueLimit::is_strained)
    }

    /// Why a request that has waited so long is refused, which is counted; none: it is not, and will be asked about
    /// again.
    pub(crate) fn sheds(&self, now: Instant, waited: Duration, has_left: bool) -> Option<Shed> {
        let limit = self.limit.as_ref()?;
        let waiting = self.line.waiting();
        let shed = if has_left && waited >= self.target {
            Shed::Gone
        } else if !limit.admits(self.line.nanos(now), waiting) {
            Shed::Limit
        } else if waited >= Duration::from_millis(limits::ADMISSION_AGE_MAX_MS) && waiting > limit.limit() {
            Shed::QueueAge
        } else {
            return None;
        };
        self.note_waited(waited);
        self.shed[shed as usize].fetch_add(1, Relaxed);
        Some(shed)
    }

    fn note_waited(&self, waited: Duration) {
        self.line.note_waited(waited);
    }

    /// The answer of those who are not let in; made of what is ready.
    pub(crate) fn refuse(&self, surface: Surface) -> Response<Body> {
        let (body, content_type) = &self.refusals[usize::from(surface == Surface::Other)];
        let mut response = Response::new(Body::from(body.clone()));
        *response.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, content_type.clone());
        fields.insert(header::CACHE_CONTROL, crate::headers::NO_STORE);
        fields.insert(header::RETRY_AFTER, self.retry_after());
        response
    }

    /// When the next one who is refused should come back.
    pub(crate) fn retry_after(&self) -> HeaderValue {
        let draw = self.shed(Shed::Limit).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        RETRY_AFTER[draw as usize % RETRY_AFTER.len()].clone()
    }

    /// How many may wait; none: as many as connect.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit.as_ref().map(QueueLimit::limit)
    }

    /// All that were refused.
    pub(crate) fn shed_all(&self) -> u64 {
        Shed::ALL.map(|shed| self.shed(shed)).iter().sum()
    }

    pub(crate) fn shed(&self, shed: Shed) -> u64 {
        self.shed[shed as usize].load(Relaxed)
    }
}

fn refusal(surface: Surface) -> (Bytes, HeaderValue) {
    let failure = Failure::from(Error::new(&code::QUEUE_FULL, code::QUEUE_FULL.text));
    let (body, content_type) = failure.told(surface);
    (Bytes::from(body.to_string()), content_type)
}

#[cfg(test)]
mod tests;
