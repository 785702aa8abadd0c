//! A hit: the address's limit, the look-up, the tag, bytes. No JSON, no SQL, no arguments, and no lock while it is
//! written.
//!
//! A hit is never refused for an overload: to refuse it would cost as much.

use super::head::PlainHead;
use super::lines::{write_fields, write_hex, write_line, write_number};
use crate::alias::{Alias, write_key};
use crate::coding::Coding;
use crate::entity_tag::Verdict;
use crate::first_stage::RPC_ROUTE;
use crate::front::Shared;
use crate::headers;
use crate::metrics::RouteLabel;
use crate::static_files::http_date;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderValue};
use martlet_core::Position;
use std::cell::RefCell;
use std::net::IpAddr;
use std::time::Instant;

/// A body up to this size is copied behind its head: one write of one piece is cheaper than of two.
const COPIED_SIZE_MAX: usize = 16 * 1024;

/// What writes hits.
pub(super) struct Hits {
    /// Fields of a public answer, and of a private one.
    public: Vec<u8>,
    private: Vec<u8>,
}

/// What is told of one hit.
struct Told<'a> {
    alias: &'a Alias,
    status: StatusCode,
    coding: Coding,
    position: Position,
    now_s: i64,
    times: (Instant, Instant),
}

thread_local! {
    /// A request's key is needed for a moment only.
    static KEY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// The date as it was last written.
    static DATE: RefCell<(i64, Vec<u8>)> = const { RefCell::new((i64::MIN, Vec::new())) };
}

impl Hits {
    pub(super) fn new() -> Self {
        Self { public: fields(true), private: fields(false) }
    }

    /// As [`super::Early::answer`]; `times` are when the bytes came and now.
    pub(super) fn answer(
        &self,
        shared: &Shared,
        plain: &PlainHead<'_>,
        peer: IpAddr,
        times: (Instant, Instant),
        out: &mut Vec<u8>,
    ) -> Option<Bytes> {
        if plain.is_odd || !shared.aliases.has_any() {
            return None;
        }
        let now_s = shared.clock.now().micros().div_euclid(1_000_000);
        // Before the look-up: then what is found was the answer at this position, or is a later one.
        let position = shared.engine.position();
        let alias = KEY.with_borrow_mut(|key| {
            let may_have = write_key(plain.target.as_bytes(), &plain.chosen_by, key);
            if may_have { shared.aliases.get(key, times.1, now_s) } else { None }
        })?;
        // Now and then one is compared with the database, or asks for the next one, on the ordinary way.
        if shared.engine.is_check_due() {
            shared.engine.check_next(&alias.kept);
            return None;
        }
        if alias.kept.is_renewal_due(times.1) {
            return None;
        }
        let (status, coding) = judge(&alias, plain)?;
        let body = match status {
            StatusCode::NOT_MODIFIED => None,
            _ => Some(alias.body.as_ref()?),
        };
        let limit =
            shared.address_limit.as_ref().map(|limit| (limit, limit.take(peer, shared.clock.steady_at(times.1))));
        // Who is over it is told so on the ordinary way; nothing was counted.
        if limit.as_ref().is_some_and(|(_, standing)| !standing.is_allowed) {
            return None;
        }
        self.write(&Told { alias: &alias, status, coding, position, now_s, times }, out);
        out.extend_from_slice(b"x-request-id: ");
        shared.request_ids.write(plain.request_id, out);
        out.extend_from_slice(b"\r\n");
        shared.cors.write_lines(plain.origin, out);
        if let Some((limit, standing)) = limit {
            limit.write_lines(standing, out);
        }
        if let Some(body) = body {
            out.extend_from_slice(b"content-length: ");
            write_number(body.len() as u64, 1, out);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        count(shared, &alias, plain.is_head, status, times, body);
        match body.filter(|_| !plain.is_head) {
            Some(body) if body.len() <= COPIED_SIZE_MAX => {
                out.extend_from_slice(body);
                Some(Bytes::new())
            }
            Some(body) => Some(body.clone()),
            None => Some(Bytes::new()),
        }
    }

    fn write(&self, told: &Told<'_>, out: &mut Vec<u8>) {
        let Told { alias, status, coding, position, now_s, times: (at, now) } = *told;
        if status == StatusCode::NOT_MODIFIED {
            out.extend_from_slice(b"HTTP/1.1 304 Not Modified\r\netag: ");
            if coding == alias.coding {
                out.extend_from_slice(alias.tag.as_bytes());
            } else {
                out.extend_from_slice(alias.digest.tag(coding).as_bytes());
            }
        } else {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-type: ");
            out.extend_from_slice(alias.content_type.as_bytes());
            if coding != Coding::Identity {
                out.extend_from_slice(b"\r\ncontent-encoding: ");
                out.extend_from_slice(coding.name().as_bytes());
            }
            out.extend_from_slice(b"\r\netag: ");
            out.extend_from_slice(alias.tag.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(if alias.is_public { &self.public } else { &self.private });
        if let Some(surrogates) = &alias.surrogates {
            out.extend_from_slice(surrogates);
        }
        out.extend_from_slice(b"martlet-position: ");
        write_hex(position.epoch, 16, out);
        out.push(b'-');
        write_number(position.number, 1, out);
        out.extend_from_slice(b"\r\nserver-timing: total;dur=");
        let total_us = u64::try_from(now.saturating_duration_since(at).as_micros()).unwrap_or(u64::MAX);
        write_number(total_us / 1000, 1, out);
        out.push(b'.');
        write_number(total_us % 1000, 3, out);
        out.extend_from_slice(b"\r\n");
        write_date(now_s, out);
    }
}

/// Fields that are the same of all hits.
fn fields(is_public: bool) -> Vec<u8> {
    let mut fields = HeaderMap::new();
    crate::answer::add_cache_fields(is_public, &mut fields);
    fields.insert(headers::CACHE, headers::MEMORY);
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, headers::NOSNIFF);
    fields.insert(header::REFERRER_POLICY, headers::NO_REFERRER);
    let mut lines = Vec::new();
    write_fields(&fields, &mut lines);
    lines
}

/// The status, and the coding whose tag is told; none: the ordinary way decides.
fn judge(alias: &Alias, plain: &PlainHead<'_>) -> Option<(StatusCode, Coding)> {
    let Some(tags) = plain.if_none_match else { return Some((StatusCode::OK, alias.coding)) };
    if tags == alias.tag.as_bytes() {
        return Some((StatusCode::NOT_MODIFIED, alias.coding));
    }
    let mut fields = HeaderMap::new();
    fields.insert(header::IF_NONE_MATCH, HeaderValue::from_bytes(tags).ok()?);
    match alias.digest.judge(&fields, alias.coding).ok()? {
        None => Some((StatusCode::OK, alias.coding)),
        Some(Verdict::Unchanged(coding)) => Some((StatusCode::NOT_MODIFIED, coding)),
        Some(Verdict::Failed) => None,
    }
}

fn count(
    shared: &Shared,
    alias: &Alias,
    is_head: bool,
    status: StatusCode,
    (at, now): (Instant, Instant),
    body: Option<&Bytes>,
) {
    alias.kept.note_read();
    if let Some(route) = &alias.route {
        route.count();
    }
    let route = || alias.route.clone().map_or(RouteLabel::Ours(RPC_ROUTE), RouteLabel::Declared);
    let size = body.map_or(0, |body| body.len() as u64);
    shared.statistics.count_hit(&alias.series, route, (is_head, status), now - at, size);
    shared.admission.pass(now, now - at);
}

fn write_date(now_s: i64, out: &mut Vec<u8>) {
    DATE.with_borrow_mut(|(seconds, line)| {
        if *seconds != now_s {
            line.clear();
            if let Some(date) = http_date(now_s) {
                write_line("date", date.as_bytes(), line);
            }
            *seconds = now_s;
        }
        out.extend_from_slice(line);
    });
}
