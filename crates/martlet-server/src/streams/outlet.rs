//! A stream's connection: written to by hand once hyper is let go.
//!
//! The answer ends with the connection (HTTP/1.1, RFC 9112, section 6.3, rule 8): there are no chunks to frame, and an
//! event is one write. While an event is being written the follower is not asked: what comes then is in the next event,
//! and nothing queues. A client that does not take an event is held to the rate that all answers are held to; one that
//! has gone without a word is found out by the system, which waits for its acknowledgements for a bounded time.

use super::event;
use super::telling::{EventStream, Told};
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
/// How long the last event may take.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// Writes a stream, after the head of its answer, until it ends or its client has gone.
pub(crate) async fn run(mut socket: TcpStream, answer: Response<Body>, patience: Patience) {
    let (parts, Body::Events(mut stream)) = answer.into_parts() else { return };
    bound(&socket);
    let mut input = 0;
    let (retry, first) = stream.beginning();
    let mut begun = head(&parts, stream.now_s()).chain(retry).chain(first);
    drop(parts);
    if write(&mut socket, &mut begun, &mut stream, patience).await.is_err() {
        return;
    }
    stream.note_written(None);
    let heartbeat = stream.heartbeat();
    let mut beat = pin!(tokio::time::sleep(heartbeat));
    loop {
        let told = tokio::select! {
            biased;
            () = gone(&socket, &mut input) => return,
            told = stream.next() => told,
            () = beat.as_mut() => Told::Event(event::HEARTBEAT, None),
        };
        let written = match told {
            Told::Event(mut bytes, changed_at) => {
                let is_heartbeat = bytes == event::HEARTBEAT;
                let written = write(&mut socket, &mut bytes, &mut stream, patience).await;
                if written.is_ok() && !is_heartbeat {
                    stream.note_written(changed_at);
                }
                written
            }
            Told::End(mut bytes) => {
                // What does not go out at once does not matter: the connection's end tells it too.
                let end = poll_fn(|cx| {
                    if poll_write_all(&mut socket, &mut bytes, cx)?.is_pending() {
                        return Poll::Pending;
                    }
                    Pin::new(&mut socket).poll_shutdown(cx)
                });
                let _ = tokio::time::timeout(END_TIMEOUT, end).await;
                return;
            }
        };
        if written.is_err() {
            return;
        }
        beat.as_mut().reset(Instant::now() + heartbeat);
    }
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

/// Writes all of it, at the rate that a client must keep.
async fn write(
    socket: &mut TcpStream,
    bytes: &mut (impl Buf + Unpin),
    stream: &mut EventStream,
    patience: Patience,
) -> io::Result<()> {
    // The usual case: the socket takes it at once, and no timer is made.
    if poll_fn(|cx| Poll::Ready(poll_write_all(socket, bytes, cx))).await?.is_ready() {
        return Ok(());
    }
    let (began, size) = (Instant::now(), bytes.remaining() as u64);
    let mut timer = pin!(tokio::time::sleep(patience.rate_after));
    let mut ended = pin!(stream.ended());
    poll_fn(|cx| {
        if ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if poll_write_all(socket, bytes, cx)?.is_ready() {
            return Poll::Ready(Ok(()));
        }
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let taken = size - bytes.remaining() as u64;
            if taken < patience.rate_min.saturating_mul((now - began).as_secs().max(1)) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            timer.as_mut().reset(now + Duration::from_secs(1));
        }
        Poll::Pending
    })
    .await
}

fn poll_write_all(socket: &mut TcpStream, bytes: &mut impl Buf, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
    while bytes.has_remaining() {
        let mut parts = [io::IoSlice::new(&[]); 4];
        let count = bytes.chunks_vectored(&mut parts);
        match Pin::new(&mut *socket).poll_write_vectored(cx, &parts[..count]) {
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(size)) => bytes.advance(size),
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => return Ok(Poll::Pending),
        }
    }
    Ok(Poll::Ready(()))
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
