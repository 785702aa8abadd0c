//! A bounded queue between those who log and stderr.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Records that may wait to be written; more are dropped and counted.
const QUEUE_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct Sink {
    sender: Mutex<Option<SyncSender<String>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    dropped: AtomicU64,
}

impl Sink {
    pub(super) fn start() -> Self {
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let writer = std::thread::Builder::new().name("log".into()).spawn(move || write_all(&receiver));
        Self { sender: Mutex::new(Some(sender)), writer: Mutex::new(writer.ok()), dropped: AtomicU64::new(0) }
    }

    /// Queues a line; never waits for stderr.
    pub(super) fn send(&self, line: String) {
        let sender = self.sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(sender) = sender.as_ref() else {
            // After the end there is nobody left to be held up.
            let _ = std::io::stderr().write_all(line.as_bytes());
            return;
        };
        if sender.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Writes what is queued and says how many were dropped.
    pub(super) fn finish(&self) {
        let sender = self.sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > 0
            && let Some(sender) = &sender
        {
            let _ =
                sender.send(format!("{{\"level\":\"warn\",\"msg\":\"dropped log records\",\"records\":{dropped}}}\n"));
        }
        drop(sender);
        let writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

fn write_all(lines: &Receiver<String>) {
    let mut stderr = std::io::stderr();
    while let Ok(line) = lines.recv() {
        // Logs that nobody reads any more are no reason to stop serving.
        let _ = stderr.write_all(line.as_bytes());
    }
}
