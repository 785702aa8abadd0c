//! The data set by its formulas, apart from the SQL that makes it: what the answers must be.

use martlet_core::Date;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ROOM_TYPES: i64 = 40;
const ROOMS: i64 = 40;
const DAYS: i64 = 730;

/// How many rows there are at a scale, and the moduli.
pub(super) struct Formulas {
    pub(super) users: i64,
    pub(super) bookings: i64,
    pub(super) songs_modulus: i64,
    pub(super) players: i64,
    pub(super) plays: i64,
}

struct Booking {
    room_type_id: i64,
    check_in: Date,
    nights: i64,
    is_confirmed: bool,
}

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

fn price_cents(room_type_id: i64) -> i64 {
    5_000 + 500 * room_type_id
}

impl Formulas {
    fn booking(i: i64) -> Booking {
        let day = (i / 40 * 17 + i * 3) % DAYS;
        Booking {
            room_type_id: i % ROOM_TYPES + 1,
            check_in: date("2026-01-01").plus_days(day).expect("a date"),
            nights: i / 40 % 7 + 1,
            is_confirmed: i / 40 % 11 != 0,
        }
    }

    fn confirmed(&self) -> impl Iterator<Item = Booking> {
        (1..=self.bookings).map(Self::booking).filter(|booking| booking.is_confirmed)
    }

    pub(super) fn profile(&self, i: i64) -> Value {
        assert!(i <= self.users, "there is such a user");
        json!({
            "id": i, "email": format!("user{i}@example.test"), "name": format!("User {i}"),
            "avatar": format!("/avatars/{}.webp", i % 500),
        })
    }

    pub(super) fn availability(&self, check_in: &str, check_out: &str) -> Value {
        let (first, last) = (date(check_in), date(check_out));
        let free = |id: i64| {
            let overlaps = |booking: &Booking| {
                let leaves = booking.check_in.plus_days(booking.nights).expect("a date");
                booking.room_type_id == id && booking.check_in < last && leaves > first
            };
            ROOMS - i64::try_from(self.confirmed().filter(overlaps).count()).expect("a count")
        };
        let row = |id: i64| json!({"id": id, "name": format!("Room type {id}"), "price_cents": price_cents(id), "free": free(id)});
        (1..=ROOM_TYPES).map(row).collect()
    }

    /// All plays of a user, newest first.
    pub(super) fn recent(&self, user: i64) -> Vec<Value> {
        let is_own = |i: &i64| i % self.players + 1 == user;
        let play = |i: i64| {
            let song = i * 31_337 % self.songs_modulus + 1;
            let seconds = i * 30;
            let day = date("2026-01-01").plus_days(seconds / 86_400).expect("a date");
            let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
            json!({
                "song_id": song, "title": format!("Song {song}"), "artist": format!("Artist {}", song % 3_000),
                "played_at": format!("{day}T{hour:02}:{minute:02}:{second:02}+00:00"),
            })
        };
        (1..=self.plays).rev().filter(is_own).map(play).collect()
    }

    pub(super) fn event(&self, i: i64) -> Value {
        let guests = (i - 1) * 10 + 1..=i * 10;
        let marked = |block: i64| {
            // Each guest marks five: marks are numbered through.
            let marks = guests.clone().flat_map(|guest| (guest - 1) * 5 + 1..=guest * 5);
            marks.filter(|mark| (i - 1) * 20 + 1 + mark * 7 % 20 == block).count()
        };
        let block = |id: i64| {
            let minutes = |half_hours: i64| 9 * 60 + half_hours * 30;
            let clock = |minutes: i64| format!("2026-06-01T{:02}:{:02}:00+00:00", minutes / 60, minutes % 60);
            let at = (id - 1) % 20;
            json!({
                "id": id, "starts_at": clock(minutes(at)), "ends_at": clock(minutes(at + 1)), "available": marked(id),
            })
        };
        json!({
            "id": i, "title": format!("Event {i}"), "created_at": format!("2026-01-01T00:{i:02}:00+00:00"),
            "blocks": ((i - 1) * 20 + 1..=i * 20).map(block).collect::<Vec<_>>(),
            "participants": guests.map(|id| json!({"id": id, "name": format!("Guest {id}")})).collect::<Vec<_>>(),
        })
    }

    pub(super) fn report(&self) -> Value {
        let mut sums: BTreeMap<(String, i64), (i64, i64, i64)> = BTreeMap::new();
        for booking in self.confirmed() {
            let month = booking.check_in.to_string()[..7].to_owned();
            let sum = sums.entry((month, booking.room_type_id)).or_default();
            *sum = (sum.0 + booking.nights * price_cents(booking.room_type_id), sum.1 + booking.nights, sum.2 + 1);
        }
        let row = |((month, room_type_id), (revenue_cents, nights, bookings))| {
            json!({
                "month": month, "room_type_id": room_type_id, "revenue_cents": revenue_cents, "nights": nights,
                "bookings": bookings,
            })
        };
        sums.into_iter().map(row).collect()
    }
}
