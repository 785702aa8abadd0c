//! Reading a request's body within its limits: bytes, and bytes a second.

use crate::failure::Failure;
use crate::refusal;
use crate::settings::ServerSettings;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::time::Duration;
use tokio::time::Instant;

/// Reads the whole body, or says why not; what is left is not read.
pub(crate) async fn read_body(mut body: Incoming, settings: &ServerSettings) -> Result<Bytes, Failure> {
    let size_max = settings.body_size_max;
    if body.size_hint().lower() > size_max as u64 {
        return Err(refusal::body_too_large(size_max).into());
    }
    let started = Instant::now();
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    loop {
        let read = first.len() + whole.len();
        let deadline = started + settings.rate_after + earned(read, settings.rate_min);
        let frame = match tokio::time::timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(refusal::body_too_slow().into()),
            Ok(None) => break,
            Ok(Some(Err(error))) => return Err(Failure::closing(refusal::body_cut(&error))),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers are not for us.
        let Ok(data) = frame.into_data() else { continue };
        if read + data.len() > size_max {
            return Err(refusal::body_too_large(size_max).into());
        }
        // A body of one frame, the usual case, is not copied.
        if read == 0 {
            first = data;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&first);
                first = Bytes::new();
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// The time that so many bytes may take.
fn earned(read: usize, rate_min: u64) -> Duration {
    Duration::from_secs((read as u64).checked_div(rate_min).unwrap_or(u64::from(u32::MAX)))
}
