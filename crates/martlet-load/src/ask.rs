//! One request on a connection of its own: for looking at an answer before or after a load.

use crate::answer::Keep;
use crate::connection::Connection;
use crate::run::{LoadError, runtime};
use std::net::SocketAddr;
use std::time::Duration;

/// Bytes of a body that are kept; what is beyond is left out.
const BODY_KEPT_MAX: usize = 256 * 1024 * 1024;

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The status line and the header fields, as they came.
    pub head: Vec<u8>,
    /// The body, without the frames of chunks.
    pub body: Vec<u8>,
}

/// Asks one request and gives the whole answer, whatever its status.
///
/// Errors: [`LoadError::Connect`], [`LoadError::Asked`]; `timeout` is for connecting and for the answer each.
pub fn ask(address: SocketAddr, request: &[u8], timeout: Duration) -> Result<Answer, LoadError> {
    runtime()?.block_on(async {
        let open = Connection::open(address, timeout, Keep::UpTo(BODY_KEPT_MAX)).await;
        let mut connection = open.map_err(|source| LoadError::Connect { address, source })?;
        connection.ask(request).await.map_err(LoadError::Asked)?;
        let reader = connection.reader;
        Ok(Answer { status: reader.status, head: reader.head, body: reader.body })
    })
}
