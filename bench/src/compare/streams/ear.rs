//! Hears the streams: what arrived when, for the account, which is kept on another thread.

use crate::compare::streams::account::{Arrival, number_of};
use anyhow::{Result, bail};
use martlet_load::{Listener, StreamEnd, Told};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Faults that are told.
const FAULTS_MAX: usize = 5;

/// What was heard and not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    arrivals: Mutex<Vec<Arrival>>,
    first_frames: AtomicUsize,
    faults: Mutex<Vec<String>>,
}

impl Heard {
    /// How many streams have had a frame.
    pub(crate) fn first_frames(&self) -> usize {
        self.first_frames.load(Ordering::Relaxed)
    }

    /// What has arrived since the last time.
    pub(crate) fn take_arrivals(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// No stream may end or tell of an error.
    pub(crate) fn fault(&self) -> Result<()> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if !faults.is_empty() {
            bail!("streams failed: {}", faults.join("; "));
        }
        Ok(())
    }
}

/// The listener.
#[derive(Debug)]
pub(crate) struct Ear {
    heard: Arc<Heard>,
    /// Whether a stream has had a frame.
    has_frame: Vec<bool>,
}

impl Ear {
    pub(crate) fn new(heard: &Arc<Heard>) -> Self {
        Self { heard: Arc::clone(heard), has_frame: Vec::new() }
    }

    fn fail(&self, fault: String) {
        let mut faults = self.heard.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() < FAULTS_MAX {
            faults.push(fault);
        }
    }
}

impl Listener for Ear {
    fn opened(&mut self, _: usize, _: Instant) {}

    fn told(&mut self, stream: usize, told: Told<'_>, at: Instant) {
        let Told::Event(event) = told else { return };
        let number = std::str::from_utf8(event.id).ok().and_then(number_of);
        let Some(number) = number.filter(|_| event.name.is_empty()) else {
            let (name, data) = (String::from_utf8_lossy(event.name), String::from_utf8_lossy(event.data));
            return self.fail(format!("stream {stream}: event {name:?}: {data}"));
        };
        if self.has_frame.len() <= stream {
            self.has_frame.resize(stream + 1, false);
        }
        if !std::mem::replace(&mut self.has_frame[stream], true) {
            self.heard.first_frames.fetch_add(1, Ordering::Relaxed);
        }
        let mut arrivals = self.heard.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.push(Arrival { stream, number, at });
    }

    fn ended(&mut self, stream: usize, end: StreamEnd, _: Instant) {
        let told = match &end {
            StreamEnd::Refused(status, body) => format!("{status} {}", String::from_utf8_lossy(body)),
            other => format!("{other:?}"),
        };
        self.fail(format!("stream {stream}: {told}"));
    }
}
