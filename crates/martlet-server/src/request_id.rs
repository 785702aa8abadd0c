//! The name of a request in answers and logs.

use crate::early::write_hex;
use crate::headers::REQUEST_ID;
use hyper::header::{HeaderMap, HeaderValue};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of an id that comes with a request; a longer one is replaced.
const INCOMING_SIZE_MAX: usize = 64;

/// Gives ids: a random prefix per process and a counter.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: u32,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        // Without random bytes ids are less distinct between processes, nothing worse.
        Self { prefix: getrandom::u32().unwrap_or(0), next: AtomicU64::new(0) }
    }

    /// The request's own id if it is short and visible, else a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(REQUEST_ID) {
            Some(id) if is_good(id.as_bytes()) => id.clone(),
            _ => HeaderValue::from_maybe_shared(bytes::Bytes::from(self.new_id())).expect("digits are visible"),
        }
    }

    /// The same for an answer that is written by hand.
    pub(crate) fn write(&self, came: Option<&[u8]>, head: &mut Vec<u8>) {
        match came {
            Some(id) if is_good(id) => head.extend_from_slice(id),
            _ => {
                write_hex(u64::from(self.prefix), 8, head);
                head.push(b'-');
                write_hex(self.next.fetch_add(1, Ordering::Relaxed), 1, head);
            }
        }
    }

    /// So many requests have been given an id.
    pub(crate) fn given(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    fn new_id(&self) -> String {
        let mut id = String::with_capacity(32);
        let _ = write!(id, "{:08x}-{:x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed));
        id
    }
}

fn is_good(id: &[u8]) -> bool {
    (1..=INCOMING_SIZE_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_visible_ids_are_kept() {
        let ids = RequestIds::new();
        let of = |id: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
            ids.of(&headers)
        };
        assert_eq!(of(b"abc-1"), "abc-1");
        for bad in [&b""[..], b"two words", b"caf\xc3\xa9", &[b'a'; 65]] {
            assert!(of(bad).as_bytes().starts_with(format!("{:08x}-", ids.prefix).as_bytes()));
        }
        assert_ne!(ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
        let written = |came: Option<&[u8]>| {
            let mut head = Vec::new();
            ids.write(came, &mut head);
            String::from_utf8(head).unwrap()
        };
        assert_eq!(written(Some(b"abc-1")), "abc-1");
        let next = ids.given();
        assert_eq!(written(Some(b"two words")), format!("{:08x}-{next:x}", ids.prefix));
    }
}
