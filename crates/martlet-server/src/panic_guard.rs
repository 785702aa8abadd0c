//! A panic in one request ends that request only.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

/// Runs the future; a panic in it is the error, as a text for the log.
///
/// What the future held is dropped by then; nothing that was being changed is seen again by others, since state that
/// requests share is behind locks that say so or in atomics. Pinned by the caller: a future that takes another one by
/// value has room for it twice, and hyper moves the whole of a request's future.
pub(crate) async fn catch_panic<F: Future>(mut future: Pin<&mut F>) -> Result<F::Output, String> {
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(text_of(panic.as_ref()))),
    })
    .await
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    #[tokio::test]
    async fn abuse_http_17_a_panic_is_an_error() {
        assert_eq!(catch_panic(pin!(async { 1 })).await, Ok(1));
        let panics = pin!(async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "on purpose");
        });
        assert_eq!(catch_panic(panics).await, Err("on purpose".to_owned()));
    }
}
