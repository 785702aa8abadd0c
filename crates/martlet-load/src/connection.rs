//! A keep-alive connection that asks one request at a time and reads the whole answer.

use crate::answer::{AnswerReader, Keep};
use crate::report::Fault;
use std::future::{Future as _, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};

const BUFFER_SIZE: usize = 64 * 1024;

/// A connection; broken as soon as an exchange fails.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
    pub(crate) reader: AnswerReader,
    patience: Duration,
    /// Rings `patience` after some request, or later: it is set anew only when it rings, so that a request costs no
    /// timer of its own.
    alarm: Pin<Box<Sleep>>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, patience: Duration, keep: Keep) -> std::io::Result<Self> {
        let stream = timeout(patience, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        let buffer = vec![0; BUFFER_SIZE].into_boxed_slice();
        Ok(Self { stream, buffer, reader: AnswerReader::new(keep), patience, alarm: Box::pin(sleep(patience)) })
    }

    /// Whether another request may be asked.
    pub(crate) fn is_open(&self) -> bool {
        !self.reader.is_closing
    }

    /// Asks, and reads the whole answer: `reader` has its status; gives its size in bytes.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<u64, Fault> {
        if request.is_empty() {
            return Err(Fault::NoRequest);
        }
        let deadline = Instant::now() + self.patience;
        self.reader.begin(request.starts_with(b"HEAD "));
        self.write(request, deadline).await?;
        let mut size = 0;
        loop {
            let length = self.read(deadline).await?;
            size += length as u64;
            if length == 0 {
                self.reader.is_closing = true;
                return if self.reader.is_whole_at_end() { Ok(size) } else { Err(Fault::Closed) };
            }
            if self.reader.feed(&self.buffer[..length]).map_err(|_| Fault::Malformed)? {
                return Ok(size);
            }
        }
    }

    async fn write(&mut self, mut request: &[u8], deadline: Instant) -> Result<(), Fault> {
        while !request.is_empty() {
            let written = poll_fn(|context| match Pin::new(&mut self.stream).poll_write(context, request) {
                Poll::Ready(written) => Poll::Ready(written.map_err(|_| Fault::Closed)),
                Poll::Pending => poll_alarm(&mut self.alarm, deadline, context).map(Err),
            });
            request = &request[written.await?..];
        }
        Ok(())
    }

    async fn read(&mut self, deadline: Instant) -> Result<usize, Fault> {
        let (stream, alarm, buffer) = (&mut self.stream, &mut self.alarm, &mut self.buffer);
        poll_fn(|context| {
            let mut room = ReadBuf::new(buffer);
            match Pin::new(&mut *stream).poll_read(context, &mut room) {
                Poll::Ready(Ok(())) => Poll::Ready(Ok(room.filled().len())),
                Poll::Ready(Err(_)) => Poll::Ready(Err(Fault::Closed)),
                Poll::Pending => poll_alarm(alarm, deadline, context).map(Err),
            }
        })
        .await
    }
}

fn poll_alarm(alarm: &mut Pin<Box<Sleep>>, deadline: Instant, context: &mut std::task::Context<'_>) -> Poll<Fault> {
    while alarm.as_mut().poll(context).is_ready() {
        if Instant::now() >= deadline {
            return Poll::Ready(Fault::TimedOut);
        }
        // It was set for a request that has been answered since.
        alarm.as_mut().reset(deadline);
    }
    Poll::Pending
}
