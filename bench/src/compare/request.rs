//! One request in the words of a server: Martlet's paths, which the hand-written server shares, or the baseline's.

use crate::compare::token::{Role, Tokens};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use martlet_load::RequestHead;

/// A range of nights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stay {
    pub(crate) check_in: Date,
    pub(crate) check_out: Date,
}

impl Stay {
    /// Begins `day` days after the first of the data set.
    pub(crate) fn new(day: i32, nights: i32) -> Self {
        let first = date(2026, 1, 1);
        let on = |days: i32| first.checked_add(days.days()).expect("a few years fit into the calendar");
        Self { check_in: on(day), check_out: on(day + nights) }
    }

    /// One of its nights; from the first again after the last.
    pub(crate) fn night(self, number: usize) -> Self {
        let nights = (self.check_out - self.check_in).get_days().max(1);
        let check_in = self.check_in.saturating_add((number as i64 % i64::from(nights)).days());
        Self { check_in, check_out: check_in.saturating_add(1.days()) }
    }

    /// Whether both have a night in common.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.check_in < other.check_out && other.check_in < self.check_out
    }
}

/// What is asked, whoever answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Profile {
        user: u32,
    },
    Availability(Stay),
    Recent {
        user: u32,
    },
    Event {
        token: String,
    },
    Report,
    Book {
        user: u32,
        room_type_id: u32,
        stay: Stay,
    },
    Spin {
        user: u32,
        bet_cents: u32,
    },
    /// Martlet only: what it counts.
    Metrics,
    /// Martlet only: takes back all bookings above a number.
    ResetBookings {
        keep: u32,
    },
}

/// Whose paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Martlet,
    Express,
}

impl Api {
    /// The whole request.
    pub(crate) fn bytes(self, ask: &Ask, host: &str, tokens: &Tokens) -> Vec<u8> {
        self.conditional(ask, host, tokens, None)
    }

    /// The whole request of somebody who has the answer of this tag already.
    pub(crate) fn conditional(self, ask: &Ask, host: &str, tokens: &Tokens, tag: Option<&str>) -> Vec<u8> {
        let (method, target, role, body) = self.line(ask);
        let authorization = role.map(|role| format!("Bearer {}", tokens.of(role)));
        let mut headers = Vec::new();
        if let Some(authorization) = &authorization {
            headers.push(("Authorization", authorization.as_str()));
        }
        if let Some(tag) = tag {
            headers.push(("If-None-Match", tag));
        }
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        RequestHead { method, target: &target, host, headers: &headers }.bytes(body.as_deref().map(str::as_bytes))
    }

    fn line(self, ask: &Ask) -> (&'static str, String, Option<Role>, Option<String>) {
        let path = |martlet: &str, express: &str| match self {
            Self::Martlet => format!("/rest/v1/rpc/{martlet}"),
            Self::Express => format!("/api/{express}"),
        };
        match ask {
            Ask::Profile { user } => ("GET", path("profile", "profile"), Some(Role::User(*user)), None),
            Ask::Recent { user } => ("GET", path("recent", "recent"), Some(Role::User(*user)), None),
            Ask::Report => ("GET", path("report", "report"), Some(Role::Service), None),
            Ask::Event { token } => {
                ("GET", path(&format!("event?token={token}"), &format!("events/{token}")), None, None)
            }
            Ask::Availability(Stay { check_in, check_out }) => {
                let rest = format!("availability?check_in={check_in}&check_out={check_out}");
                ("GET", path(&rest, &rest), None, None)
            }
            Ask::Book { user, room_type_id, stay: Stay { check_in, check_out } } => {
                let body =
                    format!(r#"{{"room_type_id":{room_type_id},"check_in":"{check_in}","check_out":"{check_out}"}}"#);
                ("POST", path("book", "bookings"), Some(Role::User(*user)), Some(body))
            }
            Ask::Spin { user, bet_cents } => {
                let body = format!(r#"{{"bet_cents":{bet_cents}}}"#);
                ("POST", path("spin", "spins"), Some(Role::User(*user)), Some(body))
            }
            Ask::Metrics => ("GET", "/metrics".to_owned(), Some(Role::Service), None),
            Ask::ResetBookings { keep } => {
                let body = format!(r#"{{"keep":{keep}}}"#);
                ("POST", path("reset_bookings", "reset_bookings"), Some(Role::Service), Some(body))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(api: Api, ask: &Ask) -> String {
        let tokens = Tokens::signed_with("0123456789abcdef0123456789abcdef");
        String::from_utf8(api.bytes(ask, "127.0.0.1:80", &tokens)).unwrap()
    }

    #[test]
    fn each_server_is_asked_in_its_own_words() {
        let stay = Stay::new(364, 7);
        let read = Ask::Availability(stay);
        let wanted = "?check_in=2026-12-31&check_out=2027-01-07 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n";
        assert_eq!(text(Api::Martlet, &read), format!("GET /rest/v1/rpc/availability{wanted}"));
        assert_eq!(text(Api::Express, &read), format!("GET /api/availability{wanted}"));

        let write = text(Api::Express, &Ask::Book { user: 7, room_type_id: 3, stay });
        assert!(write.starts_with("POST /api/bookings HTTP/1.1\r\n"), "{write}");
        assert!(write.contains("\r\nAuthorization: Bearer "), "{write}");
        let body = r#"{"room_type_id":3,"check_in":"2026-12-31","check_out":"2027-01-07"}"#;
        assert!(write.ends_with(&format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len())), "{write}");
    }

    #[test]
    fn stays_overlap_by_their_nights() {
        let stay = Stay::new(10, 3);
        assert!(stay.overlaps(Stay::new(12, 1)) && !stay.overlaps(Stay::new(13, 1)) && !Stay::new(9, 1).overlaps(stay));
        assert_eq!([0, 2, 3].map(|number| stay.night(number)), [10, 12, 10].map(|day| Stay::new(day, 1)));
    }

    #[test]
    fn a_public_read_carries_no_token() {
        let event = Ask::Event { token: "00ff".to_owned() };
        assert!(!text(Api::Martlet, &event).contains("Authorization"));
        assert!(text(Api::Martlet, &event).starts_with("GET /rest/v1/rpc/event?token=00ff "));
        assert!(text(Api::Express, &event).starts_with("GET /api/events/00ff "));
    }
}
