//! Event streams: thousands of them followed on one thread.
//!
//! A stream costs its socket, a task and what an unfinished event has brought so far; what arrives is read through one
//! buffer that all share and told to one [`Listener`], with the moment at which it was read.

use crate::answer::{AnswerReader, Keep};
use crate::event_stream::{EventReader, Told};
use crate::report::Fault;
use crate::run::{LoadError, runtime};
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::{AbortHandle, JoinSet, LocalSet};
use tokio::time::timeout;

/// Streams that are opened at once: servers have a queue of connections that they have not accepted.
const OPENING_MAX: usize = 64;
/// A stream that has no head after this has failed.
const OPEN_PATIENCE: Duration = Duration::from_secs(30);
const BUFFER_SIZE: usize = 64 * 1024;
/// Bytes of a refusal's body that are kept.
const REFUSAL_KEPT_MAX: usize = 4 * 1024;

/// Hears what streams bring, on the thread that follows them: it holds up all of them.
pub trait Listener: Send + 'static {
    /// The head of a stream has come, with status 200.
    fn opened(&mut self, stream: usize, at: Instant);
    /// An event or a comment has come.
    fn told(&mut self, stream: usize, told: Told<'_>, at: Instant);
    /// A stream is over, and not because [`Streams::close`] or [`Streams::open`] ended it.
    fn ended(&mut self, stream: usize, end: StreamEnd, at: Instant);
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// Another status than 200: the status and the first bytes of the body.
    Refused(u16, Vec<u8>),
    /// The server has ended it in order.
    Whole,
    /// It broke, or never began.
    Failed(Fault),
}

/// A stream that is to be opened.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The whole request.
    pub request: Vec<u8>,
    /// After so many events it is held open and never read again; none: it is read to its end.
    pub stalls_after: Option<u64>,
    /// The size of the socket's receive buffer; none: the system's.
    pub receive_buffer_size: Option<u32>,
}

enum Command {
    Open(usize, Opening),
    Close(usize),
    Stop,
}

/// Streams to one server, followed on a thread of their own until [`stop`](Self::stop).
#[derive(Debug)]
pub struct Streams<L> {
    commands: UnboundedSender<Command>,
    thread: JoinHandle<L>,
}

impl<L: Listener> Streams<L> {
    /// Begins without a stream.
    ///
    /// Errors: [`LoadError::Runtime`].
    pub fn start(address: SocketAddr, listener: L) -> Result<Self, LoadError> {
        let (commands, queue) = unbounded_channel();
        let runtime = runtime()?;
        let thread = thread::Builder::new().name("streams".to_owned()).spawn(move || {
            let shared = Rc::new(Shared {
                address,
                listener: RefCell::new(listener),
                buffers: RefCell::new(Buffers { read: vec![0; BUFFER_SIZE], body: Vec::new() }),
                opening: Semaphore::new(OPENING_MAX),
            });
            LocalSet::new().block_on(&runtime, follow_all(&shared, queue));
            drop(runtime);
            Rc::into_inner(shared).expect("every stream's task has ended").listener.into_inner()
        })?;
        Ok(Self { commands, thread })
    }

    /// Opens a stream under a number; one that is open under it is closed first.
    pub fn open(&self, stream: usize, opening: Opening) {
        self.send(Command::Open(stream, opening));
    }

    /// Closes a stream; nothing more is told of it.
    pub fn close(&self, stream: usize) {
        self.send(Command::Close(stream));
    }

    /// Closes all streams and gives the listener back.
    pub fn stop(self) -> L {
        self.send(Command::Stop);
        match self.thread.join() {
            Ok(listener) => listener,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn send(&self, command: Command) {
        // The thread goes on until it is told to stop, or a listener panics: then `stop` tells of that.
        let _ = self.commands.send(command);
    }
}

struct Shared<L> {
    address: SocketAddr,
    listener: RefCell<L>,
    buffers: RefCell<Buffers>,
    opening: Semaphore,
}

struct Buffers {
    read: Vec<u8>,
    /// Lent to the reader of each stream while it takes bytes.
    body: Vec<u8>,
}

async fn follow_all<L: Listener>(shared: &Rc<Shared<L>>, mut queue: UnboundedReceiver<Command>) {
    let mut tasks = JoinSet::new();
    let mut open: HashMap<usize, AbortHandle> = HashMap::new();
    loop {
        let command = tokio::select! {
            command = queue.recv() => command,
            Some(_) = tasks.join_next() => continue,
        };
        match command {
            Some(Command::Open(number, opening)) => {
                let stream = Stream { shared: Rc::clone(shared), number };
                let handle = tasks.spawn_local(stream.run(opening));
                if let Some(before) = open.insert(number, handle) {
                    before.abort();
                }
            }
            Some(Command::Close(number)) => {
                if let Some(handle) = open.remove(&number) {
                    handle.abort();
                }
            }
            Some(Command::Stop) | None => break,
        }
    }
    tasks.shutdown().await;
}

/// How far a stream is read.
struct Reading {
    answer: AnswerReader,
    events: EventReader,
    /// Events until it is not read any more.
    left: u64,
}

struct Stream<L> {
    shared: Rc<Shared<L>>,
    number: usize,
}

impl<L: Listener> Stream<L> {
    async fn run(self, opening: Opening) {
        let permit = self.shared.opening.acquire().await.expect("it is never closed");
        let connected = timeout(OPEN_PATIENCE, connect(self.shared.address, &opening)).await;
        let end = match connected {
            Ok(Ok(mut socket)) => self.follow(&mut socket, &opening, permit).await,
            Ok(Err(_)) => StreamEnd::Failed(Fault::Connect),
            Err(_) => StreamEnd::Failed(Fault::TimedOut),
        };
        self.shared.listener.borrow_mut().ended(self.number, end, Instant::now());
    }

    async fn follow(&self, socket: &mut TcpStream, opening: &Opening, permit: SemaphorePermit<'_>) -> StreamEnd {
        let mut answer = AnswerReader::new(Keep::UpTo(usize::MAX));
        answer.begin(false);
        let left = opening.stalls_after.unwrap_or(u64::MAX);
        let mut reading = Reading { answer, events: EventReader::default(), left };
        let mut permit = Some(permit);
        loop {
            let length = match &permit {
                Some(_) => timeout(OPEN_PATIENCE, self.read(socket)).await,
                None => Ok(self.read(socket).await),
            };
            let length = match length {
                Ok(Ok(0)) if reading.answer.is_whole_at_end() => return StreamEnd::Whole,
                Ok(Ok(0) | Err(_)) => return StreamEnd::Failed(Fault::Closed),
                Ok(Ok(length)) => length,
                Err(_) => return StreamEnd::Failed(Fault::TimedOut),
            };
            // Nothing was awaited since these bytes were read: nobody else has used the buffer.
            if let Some(end) = self.take(&mut reading, length) {
                return end;
            }
            if reading.answer.status >= 200 {
                permit = None;
            }
            if reading.left == 0 {
                // Held open, and no byte is read.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Takes what was read; gives the end, if this was it.
    fn take(&self, reading: &mut Reading, length: usize) -> Option<StreamEnd> {
        let at = Instant::now();
        let Reading { answer, events, left } = reading;
        let had_head = answer.status >= 200;
        let mut buffers = self.shared.buffers.borrow_mut();
        let Buffers { read, body } = &mut *buffers;
        if answer.body.is_empty() {
            answer.body = std::mem::take(body);
        }
        let Ok(is_whole) = answer.feed(&read[..length]) else { return Some(StreamEnd::Failed(Fault::Malformed)) };
        if answer.status != 200 {
            answer.body.truncate(REFUSAL_KEPT_MAX);
            return is_whole.then(|| StreamEnd::Refused(answer.status, std::mem::take(&mut answer.body)));
        }
        let mut listener = self.shared.listener.borrow_mut();
        if !had_head {
            listener.opened(self.number, at);
        }
        let mut tell = |told: Told<'_>| {
            *left = left.saturating_sub(u64::from(matches!(told, Told::Event(_))));
            listener.told(self.number, told, at);
        };
        let is_sound = events.feed(&answer.body, &mut tell).is_ok();
        answer.body.clear();
        *body = std::mem::take(&mut answer.body);
        match (is_sound, is_whole) {
            (false, _) => Some(StreamEnd::Failed(Fault::Malformed)),
            (true, true) => Some(StreamEnd::Whole),
            (true, false) => None,
        }
    }

    /// Reads into the shared buffer; gives how many bytes.
    async fn read(&self, socket: &mut TcpStream) -> std::io::Result<usize> {
        poll_fn(|context| {
            let mut buffers = self.shared.buffers.borrow_mut();
            let mut room = ReadBuf::new(&mut buffers.read);
            // A read that does not fill the buffer costs one system call: nothing is tried in vain after it.
            Pin::new(&mut *socket).poll_read(context, &mut room).map_ok(|()| room.filled().len())
        })
        .await
    }
}

async fn connect(address: SocketAddr, opening: &Opening) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(size) = opening.receive_buffer_size {
        // Before it connects: the window is agreed upon then.
        socket.set_recv_buffer_size(size)?;
    }
    let socket = socket.connect(address).await?;
    socket.set_nodelay(true)?;
    let mut request = opening.request.as_slice();
    while !request.is_empty() {
        socket.writable().await?;
        match socket.try_write(request) {
            Ok(length) => request = &request[length..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(socket)
}
