//! Which frame tells of which change, and how late it came.
//!
//! A change has the number of its commit, and a frame's id tells the commits that it shows. The first frame on a
//! stream whose number is not below a change's tells of that change. The stays that a change alters are known, so that
//! each frame that is due is missed, and one that is not due is counted.

use crate::compare::streams::plan::STAYS;
use martlet_load::Latency;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) stream: usize,
    pub(crate) number: u64,
    pub(crate) at: Instant,
}

/// The number in a position, or in an id that begins with one: `EPOCH-NUMBER.TAG`.
pub(crate) fn number_of(position: &str) -> Option<u64> {
    let (_, number) = position.split_once('-')?;
    number.split('.').next()?.parse().ok()
}

/// How late frames were. What came before the change's answer counts as nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lags {
    /// From the sending of the change, and from its answer.
    pub(crate) from_sent: Latency,
    pub(crate) from_answered: Latency,
    /// From the sending, and the answer, until the last who follows was told, for each change.
    pub(crate) whole_from_sent: Latency,
    pub(crate) whole_from_answered: Latency,
    pub(crate) frames: u64,
    /// Frames that tell of no change.
    pub(crate) needless: u64,
    /// Frames that were due and never came.
    pub(crate) lost: u64,
}

/// A change that not all have been told of.
#[derive(Debug)]
struct Change {
    number: u64,
    sent: Instant,
    answered: Instant,
    stays: Vec<usize>,
    missing: usize,
    last: Instant,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Account {
    /// The number of each stream's last frame.
    numbers: Vec<Option<u64>>,
    changes: VecDeque<Change>,
    lags: Lags,
}

impl Account {
    pub(crate) fn new(streams: usize) -> Self {
        Self { numbers: vec![None; streams], changes: VecDeque::new(), lags: Lags::default() }
    }

    pub(crate) fn streams(&self) -> usize {
        self.numbers.len()
    }

    /// A change of these stays has been acknowledged; what arrived of it is told after this.
    pub(crate) fn changed(&mut self, number: u64, sent: Instant, answered: Instant, stays: Vec<usize>) {
        let missing = (0..self.numbers.len()).filter(|stream| stays.contains(&(stream % STAYS))).count();
        self.changes.push_back(Change { number, sent, answered, stays, missing, last: answered });
    }

    pub(crate) fn arrived(&mut self, arrival: Arrival) {
        let Arrival { stream, number, at } = arrival;
        self.lags.frames += 1;
        let Some(before) = self.numbers[stream].replace(number) else { return };
        let mut is_due = false;
        for change in &mut self.changes {
            let is_new = before < change.number && change.number <= number;
            if is_new && change.stays.contains(&(stream % STAYS)) {
                is_due = true;
                change.missing -= 1;
                change.last = change.last.max(at);
                self.lags.from_sent.record(at.saturating_duration_since(change.sent));
                self.lags.from_answered.record(at.saturating_duration_since(change.answered));
            }
        }
        self.lags.needless += u64::from(!is_due);
        self.changes.retain(|change| {
            if change.missing == 0 {
                self.lags.whole_from_sent.record(change.last.saturating_duration_since(change.sent));
                self.lags.whole_from_answered.record(change.last.saturating_duration_since(change.answered));
            }
            change.missing > 0
        });
    }

    /// Whether a frame that is due has not come.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.changes.is_empty()
    }

    /// What is due does not come any more.
    pub(crate) fn give_up(&mut self) {
        self.lags.lost += self.changes.drain(..).map(|change| change.missing as u64).sum::<u64>();
    }

    /// What was seen since the last time.
    pub(crate) fn take_lags(&mut self) -> Lags {
        std::mem::take(&mut self.lags)
    }
}

/// Whether something grows with time: the straight line through samples of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    /// The medians of the first and of the last tenth.
    pub(crate) first: f64,
    pub(crate) last: f64,
    pub(crate) per_minute: f64,
    pub(crate) minutes: f64,
}

impl Growth {
    /// Of (minutes, value); nothing where there are too few to say anything.
    pub(crate) fn of(samples: &[(f64, f64)]) -> Option<Self> {
        let tenth = samples.len() / 10;
        if tenth == 0 {
            return None;
        }
        let values = |samples: &[(f64, f64)]| samples.iter().map(|(_, value)| *value).collect::<Vec<f64>>();
        let count = samples.len() as f64;
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count;
        let (at, value) = (mean(&mut samples.iter().map(|it| it.0)), mean(&mut samples.iter().map(|it| it.1)));
        let spread: f64 = samples.iter().map(|it| (it.0 - at).powi(2)).sum();
        let common: f64 = samples.iter().map(|it| (it.0 - at) * (it.1 - value)).sum();
        Some(Self {
            first: crate::compare::ratio::median(&values(&samples[..tenth]))?,
            last: crate::compare::ratio::median(&values(&samples[samples.len() - tenth..]))?,
            per_minute: if spread > 0.0 { common / spread } else { 0.0 },
            minutes: samples.last()?.0 - samples.first()?.0,
        })
    }
}

/// In milliseconds.
pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_tells_of_all_changes_since_the_one_before() {
        let began = Instant::now();
        let after = |ms: u64| began + Duration::from_millis(ms);
        // Two streams on the first stay, one on the second.
        let mut account = Account::new(STAYS + 1);
        let arrived = |account: &mut Account, stream, number, ms| {
            account.arrived(Arrival { stream, number, at: after(ms) });
        };
        [0, 1, STAYS].into_iter().for_each(|stream| arrived(&mut account, stream, 3, 0));
        assert_eq!((account.take_lags().frames, account.is_waiting()), (3, false));

        account.changed(4, after(10), after(12), vec![0]);
        account.changed(5, after(20), after(22), vec![0, 1]);
        // One stream sees both at once, one each by itself, and one a frame that nothing asks for.
        arrived(&mut account, 0, 5, 30);
        arrived(&mut account, STAYS, 4, 11);
        arrived(&mut account, STAYS, 5, 25);
        assert!(account.is_waiting());
        arrived(&mut account, 1, 5, 40);
        arrived(&mut account, 1, 6, 41);
        assert!(!account.is_waiting());
        let lags = account.take_lags();
        assert_eq!((lags.frames, lags.needless, lags.lost, lags.from_sent.count()), (5, 1, 0, 5));
        let near = |duration: Duration, wanted: f64| (ms(duration) - wanted).abs() < 0.1;
        assert!(near(lags.from_sent.max(), 20.0) && near(lags.from_answered.max(), 18.0));
        assert!(near(lags.from_sent.at(0.0), 1.0) && near(lags.from_answered.at(0.0), 0.0));
        assert!(near(lags.whole_from_sent.max(), 20.0) && lags.whole_from_sent.count() == 2);
    }

    #[test]
    fn what_never_comes_is_lost() {
        let mut account = Account::new(2 * STAYS);
        account.changed(1, Instant::now(), Instant::now(), vec![7]);
        account.give_up();
        assert_eq!((account.is_waiting(), account.take_lags().lost), (false, 2));
    }

    #[test]
    fn growth_is_the_line_through_the_samples() {
        let samples = |per_minute: f64| (0..100).map(move |it| (f64::from(it), 50.0 + per_minute * f64::from(it)));
        let growth = Growth::of(&samples(2.0).collect::<Vec<_>>()).unwrap();
        assert!((growth.per_minute - 2.0).abs() < 1e-9 && growth.first == 59.0 && growth.last == 239.0);
        assert_eq!(Growth::of(&samples(0.0).collect::<Vec<_>>()).unwrap().per_minute, 0.0);
        assert_eq!(Growth::of(&[(0.0, 1.0)]), None);
    }

    #[test]
    fn the_number_is_read_out_of_positions_and_ids() {
        assert_eq!((number_of("77-12"), number_of("77-12.00ff")), (Some(12), Some(12)));
        assert_eq!((number_of(""), number_of("77"), number_of("77-x")), (None, None, None));
    }
}
