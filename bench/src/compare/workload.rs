//! The workloads: which requests, how often each, drawn how. The data set behind them is in bench/README.md.

use crate::compare::request::{Api, Ask, Stay};
use crate::compare::token::Tokens;
use martlet_load::{Draw, Pool, Random, Zipf};
use md5::{Digest as _, Md5};

const CONNECTIONS: usize = 64;
/// A report takes a tenth of a second of processor time: 64 at once would only wait for one another until they are late.
const REPORT_CONNECTIONS: usize = 4;
const TOKENS_MAX: u32 = 1_000;
const LISTENERS_MAX: u32 = 10_000;
const EVENTS: u32 = 2_000;
const DAYS: u32 = 365;
const NIGHTS: [i32; 5] = [1, 2, 3, 5, 7];
const ROOM_TYPES: u32 = 40;
const EXPONENT: f64 = 1.1;
/// A prime: neighbours in rank are no neighbours in the data.
const SPREAD: usize = 7_919;
const BET_CENTS: u32 = 100;

/// How many rows the data set has of what the requests name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) scale: f64,
    pub(crate) users: u32,
    pub(crate) listeners: u32,
    pub(crate) bookings: u32,
}

impl Rows {
    pub(crate) fn at(scale: f64) -> Self {
        let scaled = |count: f64| (count * scale).round().max(1.0) as u32;
        Self { scale, users: scaled(100_000.0), listeners: scaled(19_997.0), bookings: scaled(200_000.0) }
    }
}

/// What is asked over and over in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Workload {
    Profile,
    Availability,
    Recent,
    Event,
    Report,
    Book,
    Spin,
    AvailabilityMixed,
    Mixed,
}

impl Workload {
    pub(crate) const ALL: [Self; 9] = [
        Self::Profile,
        Self::Availability,
        Self::Recent,
        Self::Event,
        Self::Report,
        Self::Book,
        Self::Spin,
        Self::AvailabilityMixed,
        Self::Mixed,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Availability => "availability",
            Self::Recent => "recent",
            Self::Event => "event",
            Self::Report => "report",
            Self::Book => "book",
            Self::Spin => "spin",
            Self::AvailabilityMixed => "availability-mixed",
            Self::Mixed => "mixed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.name() == name)
    }

    pub(crate) fn connections(self) -> usize {
        if self == Self::Report { REPORT_CONNECTIONS } else { CONNECTIONS }
    }

    /// Each run of these begins with the bookings of the data set.
    pub(crate) fn books(self) -> bool {
        matches!(self, Self::Book | Self::AvailabilityMixed | Self::Mixed)
    }

    /// The same run with caches on and off differs.
    pub(crate) fn is_cached(self) -> bool {
        !matches!(self, Self::Recent | Self::Report | Self::Spin)
    }

    /// The kinds of request and their weights.
    pub(crate) fn parts(self) -> Vec<(Self, f64)> {
        match self {
            Self::AvailabilityMixed => vec![(Self::Availability, 99.0), (Self::Book, 1.0)],
            Self::Mixed => vec![
                (Self::Availability, 40.0),
                (Self::Profile, 20.0),
                (Self::Recent, 20.0),
                (Self::Event, 15.0),
                (Self::Book, 4.0),
                (Self::Report, 1.0),
            ],
            single => vec![(single, 1.0)],
        }
    }

    /// The load: every system gets the same requests in the same order for the same `seed`.
    pub(crate) fn load(self, api: Api, host: &str, tokens: &Tokens, rows: Rows, seed: u64) -> martlet_load::Workload {
        let begin = martlet_load::Workload::new(seed);
        self.parts().into_iter().fold(begin, |load, (kind, weight)| {
            let (asks, draw) = kind.asks(rows);
            let requests = asks.iter().map(|ask| api.bytes(ask, host, tokens)).collect();
            load.kind(kind.name(), weight, Pool::new(requests, draw))
        })
    }

    /// All different requests of one kind, and how they are drawn.
    pub(crate) fn asks(self, rows: Rows) -> (Vec<Ask>, Draw) {
        let users = rows.users.min(TOKENS_MAX);
        match self {
            Self::Profile => ((1..=users).map(|user| Ask::Profile { user }).collect(), Draw::Uniform),
            Self::Recent => {
                let listeners = rows.listeners.min(LISTENERS_MAX);
                ((1..=listeners).map(|user| Ask::Recent { user }).collect(), Draw::Uniform)
            }
            Self::Spin => ((1..=users).map(|user| Ask::Spin { user, bet_cents: BET_CENTS }).collect(), Draw::Uniform),
            Self::Report => (vec![Ask::Report], Draw::InTurn),
            Self::Availability | Self::AvailabilityMixed | Self::Mixed => {
                let stays = DAYS as usize * NIGHTS.len();
                let stay = |item: usize| Stay::new((item / NIGHTS.len()) as i32, NIGHTS[item % NIGHTS.len()]);
                let asks = (0..stays).map(|rank| Ask::Availability(stay(rank * SPREAD % stays))).collect();
                (asks, Draw::Zipf(Zipf::new(stays, EXPONENT)))
            }
            Self::Event => {
                let events = EVENTS as usize;
                let token = |rank: usize| event_token((rank * SPREAD % events) as u32 + 1);
                let asks = (0..events).map(|rank| Ask::Event { token: token(rank) }).collect();
                (asks, Draw::Zipf(Zipf::new(events, EXPONENT)))
            }
            Self::Book => (bookings(users), Draw::InTurn),
        }
    }
}

/// One night in each type of room on each day, in an order that no index likes. Each room type has at least 13 rooms
/// free on every day, so that a run asks each of them 13 times before one is refused.
fn bookings(users: u32) -> Vec<Ask> {
    let count = DAYS * ROOM_TYPES;
    let mut order: Vec<u32> = (0..count).collect();
    let mut random = Random::new(1);
    for last in (1..order.len()).rev() {
        order.swap(last, random.below(last as u64 + 1) as usize);
    }
    let one = |(number, item): (usize, u32)| Ask::Book {
        user: number as u32 % users + 1,
        room_type_id: item % ROOM_TYPES + 1,
        stay: Stay::new((item / ROOM_TYPES) as i32, 1),
    };
    order.into_iter().enumerate().map(one).collect()
}

/// The token of an event: the hash of its name.
fn event_token(number: u32) -> String {
    Md5::digest(format!("event-{number}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_workload_is_found_by_its_name_and_has_requests() {
        for workload in Workload::ALL {
            assert_eq!(Workload::named(workload.name()), Some(workload));
            for (kind, weight) in workload.parts() {
                assert!(weight > 0.0 && !kind.asks(Rows::at(0.001)).0.is_empty());
            }
        }
        assert_eq!(Workload::named("nothing"), None);
    }

    #[test]
    fn requests_name_each_stay_event_and_booking_once() {
        let texts = |workload: Workload| -> Vec<String> {
            let (asks, _) = workload.asks(Rows::at(1.0));
            asks.iter().map(|ask| format!("{ask:?}").replace(char::is_whitespace, "")).collect()
        };
        for (workload, count) in [(Workload::Availability, 1_825), (Workload::Event, 2_000), (Workload::Book, 14_600)] {
            let texts = texts(workload);
            assert_eq!(texts.len(), count);
            assert_eq!(texts.into_iter().collect::<BTreeSet<_>>().len(), count, "{workload:?}");
        }
    }

    #[test]
    fn small_data_has_fewer_users_but_all_events() {
        let rows = Rows::at(0.001);
        assert_eq!((rows.users, rows.listeners, rows.bookings), (100, 20, 200));
        assert_eq!(Workload::Profile.asks(rows).0.len(), 100);
        assert_eq!(Workload::Recent.asks(rows).0.len(), 20);
        assert_eq!(event_token(5), "05a2875262e27a4b75e65e2262a7ce4c");
    }

    #[test]
    fn mixed_is_made_of_a_hundred_parts() {
        let sum: f64 = Workload::Mixed.parts().iter().map(|(_, weight)| weight).sum();
        assert_eq!(sum, 100.0);
    }
}
