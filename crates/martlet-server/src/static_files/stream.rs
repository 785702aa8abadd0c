//! A file on its way out: pieces of bounded size, read on threads that may block.

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::task::JoinHandle;

/// Bytes that are read, and held, at once.
const PIECE_SIZE_MAX: u64 = 64 * 1024;

/// A part of what is sent.
#[derive(Debug)]
pub(super) enum Part {
    /// These bytes.
    Text(Bytes),
    /// From here to before there, of the file.
    Range(u64, u64),
}

impl Part {
    pub(super) fn size(&self) -> u64 {
        match self {
            Part::Text(text) => text.len() as u64,
            Part::Range(start, end) => end - start,
        }
    }
}

/// The parts of a page that is at hand.
pub(super) fn cut(page: &Bytes, parts: &[Part]) -> Bytes {
    let mut out = BytesMut::new();
    for part in parts {
        match part {
            Part::Text(text) => out.extend_from_slice(text),
            Part::Range(start, end) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(page.len());
                out.extend_from_slice(&page[at(*start)..at(*end)]);
            }
        }
    }
    out.freeze()
}

/// Sends the parts of a file.
#[derive(Debug)]
pub(super) struct FileStream {
    parts: VecDeque<Part>,
    remaining: u64,
    file: Option<File>,
    reading: Option<JoinHandle<io::Result<(File, Bytes)>>>,
}

impl FileStream {
    /// The first piece, when it is all, is read here and now: the caller's thread may block.
    pub(super) fn new(mut file: File, parts: Vec<Part>) -> Self {
        let mut parts: VecDeque<Part> = parts.into();
        let remaining = parts.iter().map(Part::size).sum();
        if let [Part::Range(start, end)] = parts.make_contiguous()
            && end.saturating_sub(*start) <= PIECE_SIZE_MAX
            && let Ok(piece) = read_piece(&mut file, *start, *end)
        {
            parts = VecDeque::from([Part::Text(piece)]);
        }
        Self { parts, remaining, file: Some(file), reading: None }
    }

    fn start_reading(&mut self, start: u64, end: u64) -> io::Result<()> {
        let piece_end = end.min(start + PIECE_SIZE_MAX);
        if piece_end < end {
            self.parts.push_front(Part::Range(piece_end, end));
        }
        let mut file = self.file.take().ok_or(io::ErrorKind::BrokenPipe)?;
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let piece = read_piece(&mut file, start, piece_end)?;
            Ok((file, piece))
        }));
        Ok(())
    }
}

/// All of it, or an error: a file that has become shorter cannot make up for it.
fn read_piece(file: &mut File, start: u64, end: u64) -> io::Result<Bytes> {
    let size = usize::try_from(end - start).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut piece = vec![0; size];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut piece)?;
    Ok(piece.into())
}

impl Body for FileStream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        loop {
            if let Some(reading) = &mut this.reading {
                let read = ready!(Pin::new(reading).poll(cx));
                this.reading = None;
                let (file, piece) = read.map_err(io::Error::other)??;
                this.file = Some(file);
                this.remaining -= piece.len() as u64;
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match this.parts.pop_front() {
                None => return Poll::Ready(None),
                Some(Part::Range(start, end)) if start == end => {}
                Some(Part::Range(start, end)) => this.start_reading(start, end)?,
                Some(Part::Text(text)) => {
                    this.remaining -= text.len() as u64;
                    return Poll::Ready(Some(Ok(Frame::data(text))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
