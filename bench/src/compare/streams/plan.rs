//! Who follows what, and which rooms are booked.

use crate::compare::request::{Ask, Stay};
use crate::compare::workload::{Rows, Workload};
use martlet_load::RequestHead;

/// Stays that are followed.
pub(crate) const STAYS: usize = 100;
const ROOM_TYPES: u64 = 40;

/// See the module.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The stays that are asked for most.
    stays: Vec<Stay>,
    users: u64,
}

/// One night in one type of room.
#[derive(Debug)]
pub(crate) struct Booking {
    pub(crate) user: u32,
    pub(crate) body: String,
    /// The stays whose answers it alters: those with its night in them.
    pub(crate) stays: Vec<usize>,
}

impl Plan {
    pub(crate) fn new(rows: Rows) -> Self {
        let stay = |ask: Ask| match ask {
            Ask::Availability(stay) => Some(stay),
            _ => None,
        };
        let stays = Workload::Availability.asks(rows).0.into_iter().filter_map(stay).take(STAYS).collect();
        Self { stays, users: u64::from(rows.users.min(1_000)) }
    }

    pub(crate) fn ask(&self, stay: usize) -> Ask {
        Ask::Availability(self.stays[stay])
    }

    /// Neighbours follow different stays.
    pub(crate) fn stream_request(&self, stream: usize, host: &str) -> Vec<u8> {
        let Stay { check_in, check_out } = self.stays[stream % STAYS];
        let target = format!("/rest/v1/rpc/availability?check_in={check_in}&check_out={check_out}");
        RequestHead { method: "GET", target: &target, host, headers: &[("Accept", "text/event-stream")] }.bytes(None)
    }

    /// A night of each stay in turn, in each type of room in turn: none is asked for more often than it is free.
    pub(crate) fn booking(&self, number: u64) -> Booking {
        let round = number / STAYS as u64;
        let stay = self.stays[(number % STAYS as u64) as usize];
        let night = stay.night((round / ROOM_TYPES) as usize);
        let room_type_id = round % ROOM_TYPES + 1;
        let Stay { check_in, check_out } = night;
        let stays = (0..STAYS).filter(|other| self.stays[*other].overlaps(night));
        Booking {
            user: (number % self.users) as u32 + 1,
            body: format!(r#"{{"room_type_id":{room_type_id},"check_in":"{check_in}","check_out":"{check_out}"}}"#),
            stays: stays.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn every_booking_alters_what_somebody_follows() {
        let plan = Plan::new(Rows::at(1.0));
        assert_eq!(plan.stays.len(), STAYS);
        let mut times: HashMap<String, usize> = HashMap::new();
        // Half an hour at ten a second.
        for number in 0..18_000 {
            let booking = plan.booking(number);
            assert!(booking.stays.contains(&((number % 100) as usize)), "{booking:?}");
            *times.entry(booking.body).or_default() += 1;
        }
        let most = times.values().max().copied().unwrap_or_default();
        // At least 13 rooms of each type are free on every day.
        assert!(most <= 13, "{most} times the same room");
    }

    #[test]
    fn streams_are_spread_evenly_over_the_stays() {
        let plan = Plan::new(Rows::at(1.0));
        let text = |stream| String::from_utf8(plan.stream_request(stream, "h")).unwrap();
        assert!(text(0) == text(100) && text(0) != text(1));
        assert!(text(7).contains("\r\nAccept: text/event-stream\r\n"), "{}", text(7));
    }
}
