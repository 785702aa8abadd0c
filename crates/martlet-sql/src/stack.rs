//! A thread with room for the deepest tree that [`crate::token`] lets through.
//!
//! The parser needs some 40 KiB for each level of ours; the threads of an async runtime have 2 MiB in all.

/// Only what is used is ever mapped.
const STACK_SIZE: usize = 128 * 1024 * 1024;

/// Runs `work` to its end on a thread of its own; none when the system has no thread to give.
pub(crate) fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("martlet-sql".to_owned()).stack_size(STACK_SIZE);
        let handle = thread.spawn_scoped(scope, work).ok()?;
        match handle.join() {
            Ok(done) => Some(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
