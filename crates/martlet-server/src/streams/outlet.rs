//! A stream's connection: written to by hand once hyper is let go.
//!
//! The answer ends with the connection (HTTP/1.1, RFC 9112, section 6.3, rule 8): there are no chunks to frame, and an
//! event is one write. What comes while an event is being written takes the place of what came before: nothing queues.
//! A client that does not take an event is held to the rate that all answers are held to, and what all such clients
//! hold of answers that are not the latest is bounded; one that has gone without a word is found out by the system,
//! which waits for its acknowledgements for a bounded time.

use super::event;
use super::places::Closed;
use super::telling::{EventStream, Meanwhile, Told};
use crate::body::Body;
use crate::early::{write_fields, write_line};
use crate::guarded_io::Patience;
use crate::static_files::http_date;
use bytes::{Buf, Bytes};
use hyper::Response;
use hyper::http::response::Parts;
use martlet_core::limits;
use socket2::SockRef;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Bytes of what a client sends that are looked at at once, to be forgotten.
const INPUT_PIECE_SIZE: usize = 256;
/// Parts of what is written at once: the head, the first line, and the three of an event.
const PARTS_MAX: usize = 5;
/// How long the last event may take.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// Writes a stream, after the head of its answer, until it ends or its client has gone.
pub(crate) async fn run(mut socket: TcpStream, answer: Response<Body>, patience: Patience) {
    let (parts, Body::Events(mut stream)) = answer.into_parts() else { return };
    bound(&socket);
    let (retry, first) = stream.beginning();
    let begun = head(&parts, stream.now_s()).chain(retry).chain(first.into_buf());
    drop(parts);
    if write(&mut socket, begun, &mut stream, patience).await.is_err() {
        return;
    }
    stream.streams().note_written(None);
    let heartbeat = stream.heartbeat();
    let mut beat = pin!(tokio::time::sleep(heartbeat));
    let mut input = 0;
    loop {
        let told = tokio::select! {
            biased;
            () = gone(&socket, &mut input) => return,
            told = stream.next() => Some(told),
            () = beat.as_mut() => None,
        };
        let written = match told {
            Some(Told::End(bytes)) => return end(socket, bytes).await,
            Some(Told::Event(event, changed_at)) => {
                let written = write(&mut socket, event.into_buf(), &mut stream, patience).await;
                if written.is_ok() {
                    stream.streams().note_written(changed_at);
                }
                written
            }
            None => write(&mut socket, event::HEARTBEAT, &mut stream, patience).await,
        };
        if written.is_err() {
            return;
        }
        beat.as_mut().reset(Instant::now() + heartbeat);
    }
}

/// Writes the last event. What does not go out at once does not matter: the connection's end tells it too.
async fn end(mut socket: TcpStream, mut bytes: Bytes) {
    let end = poll_fn(|cx| {
        ready!(poll_write_all(&mut socket, &mut bytes, cx))?;
        Pin::new(&mut socket).poll_shutdown(cx)
    });
    let _ = tokio::time::timeout(END_TIMEOUT, end).await;
}

/// The head, as hyper would write it.
fn head(parts: &Parts, now_s: i64) -> Bytes {
    let mut head = Vec::with_capacity(1024);
    head.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    write_fields(&parts.headers, &mut head);
    if let Some(date) = http_date(now_s) {
        write_line("date", date.as_bytes(), &mut head);
    }
    head.extend_from_slice(b"\r\n");
    Bytes::from(head)
}

/// Bounds what the system holds for the connection, and how long it waits for one who is silent.
fn bound(socket: &TcpStream) {
    let socket = SockRef::from(socket);
    // What cannot be set is as the system has it: the stream works all the same.
    let _ = socket.set_send_buffer_size(limits::STREAM_SEND_BUFFER_SIZE);
    let timeout = Duration::from_millis(u64::from(limits::STREAM_ACKNOWLEDGED_MS));
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_user_timeout(Some(timeout));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = timeout;
}

/// Writes all of it, at the rate that a client must keep. Errors: it is too slow, or has no time left.
async fn write(
    socket: &mut TcpStream,
    mut bytes: impl Buf,
    stream: &mut EventStream,
    patience: Patience,
) -> io::Result<()> {
    // The usual case: the socket takes it at once, and no timer is made.
    if let Poll::Ready(written) = poll_fn(|cx| Poll::Ready(poll_write_all(socket, &mut bytes, cx))).await {
        return written;
    }
    let size = bytes.remaining();
    let mut left = size;
    // For each while anew: what went fast at first may be stuck since.
    let size_min = patience.rate_min.saturating_mul(patience.rate_after.as_secs().max(1));
    let mut timer = pin!(tokio::time::sleep(patience.rate_after));
    let mut held = None;
    loop {
        tokio::select! {
            biased;
            written = poll_fn(|cx| poll_write_all(socket, &mut bytes, cx)) => return written,
            meanwhile = stream.watch() => {
                if meanwhile == Meanwhile::Ended {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                held = held.or_else(|| stream.streams().hold(size));
                if held.is_some() {
                    continue;
                }
            }
            () = timer.as_mut() => {
                let taken = std::mem::replace(&mut left, bytes.remaining()) - bytes.remaining();
                if taken as u64 >= size_min {
                    timer.as_mut().reset(Instant::now() + patience.rate_after);
                    continue;
                }
            }
        }
        stream.streams().note_closed(Closed::SlowConsumer);
        return Err(io::ErrorKind::TimedOut.into());
    }
}

fn poll_write_all(socket: &mut TcpStream, bytes: &mut impl Buf, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    while bytes.has_remaining() {
        let mut parts = [io::IoSlice::new(&[]); PARTS_MAX];
        let count = bytes.chunks_vectored(&mut parts);
        match ready!(Pin::new(&mut *socket).poll_write_vectored(cx, &parts[..count]))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            size => bytes.advance(size),
        }
    }
    Poll::Ready(Ok(()))
}

/// Waits until the client has gone: has closed its side, or sends what nobody has asked for without end.
async fn gone(socket: &TcpStream, input: &mut usize) {
    poll_fn(|cx| {
        loop {
            if ready!(socket.poll_read_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            match socket.try_read(&mut [0; INPUT_PIECE_SIZE]) {
                Ok(0) => return Poll::Ready(()),
                Ok(size) => *input += size,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(()),
            }
            if *input > limits::STREAM_INPUT_SIZE_MAX {
                return Poll::Ready(());
            }
        }
    })
    .await;
}
