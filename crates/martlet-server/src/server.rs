//! The server: accepts connections within limits, answers, and stops without losing what it has accepted.
//!
//! Stopping: `/readyz` says 503 at once; after the drain delay the backlog is taken and the listener closed; answers
//! say `Connection: close`; connections that are idle get a moment for a request that is on its way, then all are
//! closed as they become idle; after the grace what still runs is cut.

mod connection;

use crate::dev::Dev;
use crate::early::Early;
use crate::front::{Door, Front, Shared};
use crate::history::{HistorySettings, Keeper};
use crate::identity::Identities;
use crate::router::router;
use crate::settings::ServerSettings;
use crate::streams::Streams;
use crate::tasks::{Slot, Tasks};
use crate::tokens::Keys;
use connection::{Connections, serve_connection};
use martlet_core::Clock;
use martlet_engine::Engine;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long an idle connection gets for a request that is on its way when the server stops.
const LINGER: Duration = Duration::from_millis(250);
/// What goes on beside the answers.
const BACKGROUND_TASKS_MAX: usize = 2;
/// A pause when the system has no more descriptors to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is in use, or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A server that listens and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    front: Arc<Front>,
    /// The operator's.
    admin: Option<(TcpListener, SocketAddr)>,
}

/// What a server has done, told at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Connections accepted.
    pub connections: u64,
    /// Requests answered.
    pub requests: u64,
    /// Connections with a request, whole or begun, that were still open when the grace was over.
    pub cut: usize,
}

impl Summary {
    /// Whether every accepted request was answered.
    pub fn is_clean(&self) -> bool {
        self.cut == 0
    }
}

/// A way to tell a running server about the app and its users.
#[derive(Debug, Clone)]
pub struct ServerHandle {
    dev: Arc<Dev>,
    streams: Arc<Streams>,
}

impl ServerHandle {
    /// Shows in pages (under `dev`), and marks in answers of the API, why the app on disk is not the one served.
    pub fn set_reload_error(&self, error: Option<String>) {
        self.dev.set_reload_error(error);
    }

    /// Makes pages (under `dev`) reload themselves: the app or a static file has changed.
    pub fn reloaded(&self) {
        self.dev.reloaded();
    }

    /// Ends the event streams of a user at once: of one session (the claim `session_id`) or, without one, all.
    pub fn end_session(&self, user: &str, session: Option<&str>) {
        self.streams.end_session(user, session);
    }
}

impl Server {
    /// Listens. Connections wait until [`Server::serve`].
    pub async fn bind(
        settings: ServerSettings,
        engine: Arc<Engine>,
        keys: Keys,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BindError> {
        let (listener, address) = listen(settings.listen).await?;
        let admin = match settings.admin_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let identities = Identities::new(keys, Arc::clone(&clock));
        let shared = Arc::new(Shared::new(settings, engine, identities, clock));
        let front = Arc::new(front_of(shared, Door::Public));
        Ok(Self { listener, address, front, admin })
    }

    /// Keeps key figures from when it serves, until it has stopped.
    pub fn keep_history(&self, settings: HistorySettings) {
        self.front.shared.keep_history(settings);
    }

    /// Where it listens: the port, if it was 0, is a real one.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for the operator, if it does.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(_, address)| *address)
    }

    /// A way to tell it about the app.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle { dev: Arc::clone(&self.front.shared.dev), streams: Arc::clone(&self.front.shared.streams) }
    }

    /// Answers until `shutdown` is ready, then ends as the module's text says.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Summary {
        let Self { listener, front, admin, .. } = self;
        let inside = Arc::new(front_of(Arc::clone(&front.shared), Door::Admin));
        let settings = front.shared.settings.clone();
        let tasks = Tasks::new(settings.connections_max.max(1));
        let background = Tasks::new(BACKGROUND_TASKS_MAX);
        background.spawn(Arc::clone(&front.shared.engine).drive()).expect("it is the first of two");
        let (engine, shared) = (Arc::clone(&front.shared.engine), Arc::clone(&front.shared));
        let tend = engine.tend(move || shared.admission.line.waiting() > 0);
        background.spawn(tend).expect("it is the second of two");
        let connections = Arc::new(Connections::new(&settings));
        let (stop, stopped) = watch::channel(false);
        let history = front.shared.history_settings().cloned();
        let keeper = history.and_then(|history| Keeper::start(Arc::clone(&front.shared), history));
        let begin = |front: &Arc<Front>, slot: Slot, stream: TcpStream, peer: SocketAddr| {
            // Counted here and not in its task, which may run only after the server has looked who is there.
            let peer = peer.ip().to_canonical();
            match connections.admit(peer) {
                Some(ticket) => {
                    tasks.spawn_in(slot, serve_connection(Arc::clone(front), ticket, stream, peer, stopped.clone()));
                }
                None => tracing::debug!(%peer, "closed: too many connections of one address"),
            }
        };
        let start = |slot: Slot, stream: TcpStream, peer: SocketAddr| begin(&front, slot, stream, peer);
        let start_inside = |slot: Slot, stream: TcpStream, peer: SocketAddr| begin(&inside, slot, stream, peer);
        // The operator is let in to the end: that is when there is something to see.
        let all = async {
            match &admin {
                Some((listener, _)) => accept_until(listener, &tasks, &start_inside, std::future::pending()).await,
                None => std::future::pending().await,
            }
        };
        let serve_all = async {
            accept_until(&listener, &tasks, &start, shutdown).await;
            tracing::info!("stopping: no new connections, accepted requests are answered");
            front.shared.drain();
            accept_until(&listener, &tasks, &start, tokio::time::sleep(settings.drain_delay)).await;
            accept_backlog(&listener, &tasks, &start).await;
        };
        tokio::select! {
            () = serve_all => {}
            () = all => {}
            () = front.shared.sweep() => {}
            () = front.shared.samples.follow(&front.shared) => {}
        }
        drop(listener);
        let linger = LINGER.min(settings.shutdown_grace);
        tokio::time::sleep(if connections.open() == 0 { Duration::ZERO } else { linger }).await;
        // Every connection holds a receiver; without any there is nobody to tell.
        let _ = stop.send(true);
        let still_open = tasks.stop(settings.shutdown_grace.saturating_sub(linger)).await;
        // It runs for as long as anybody might follow.
        background.stop(Duration::ZERO).await;
        if let Some(keeper) = keeper {
            keeper.stop().await;
        }
        Summary { connections: connections.accepted(), requests: front.shared.request_ids.given(), cut: still_open }
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), BindError> {
    let listen_error = |source| BindError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    Ok((listener, address))
}

fn front_of(shared: Arc<Shared>, door: Door) -> Front {
    let early = (door == Door::Public).then(|| Arc::new(Early::new(Arc::clone(&shared))));
    Front { router: router(Arc::clone(&shared), door), shared, door, early }
}

/// Accepts while there are places, until `end` is ready.
async fn accept_until(
    listener: &TcpListener,
    tasks: &Tasks,
    start: &impl Fn(Slot, TcpStream, SocketAddr),
    end: impl Future<Output = ()>,
) {
    let mut end = pin!(end);
    loop {
        let slot = tokio::select! {
            biased;
            () = &mut end => return,
            slot = tasks.reserve() => slot,
        };
        let accepted = tokio::select! {
            biased;
            () = &mut end => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => start(slot, stream, peer),
            // The other side was gone already.
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Accepts what the system has accepted for us already: closing the listener would reset it.
async fn accept_backlog(listener: &TcpListener, tasks: &Tasks, start: &impl Fn(Slot, TcpStream, SocketAddr)) {
    while let Ok(slot) = tasks.try_reserve() {
        let polled = std::future::poll_fn(|context| match listener.poll_accept(context) {
            Poll::Ready(Ok(accepted)) => Poll::Ready(Some(accepted)),
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(None),
        });
        let Some((stream, peer)) = polled.await else { return };
        start(slot, stream, peer);
    }
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
