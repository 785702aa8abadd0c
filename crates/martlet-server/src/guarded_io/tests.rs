use super::*;
use crate::admission::{Admission, Turn};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

/// Gives a request, then its end or nothing more.
struct Client {
    is_sent: bool,
    leaves: bool,
}

impl AsyncRead for Client {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !std::mem::replace(&mut self.is_sent, true) {
            buf.put_slice(REQUEST);
            return Poll::Ready(Ok(()));
        }
        if self.leaves { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

impl AsyncWrite for Client {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_client_that_has_left_is_seen_with_its_request() {
    let patience = Patience { header_timeout: Duration::from_secs(1), rate_min: 1, rate_after: Duration::from_secs(1) };
    for (leaves, is_crowded) in [(true, true), (false, true), (true, false)] {
        let line = Admission::new(None, 1).line;
        let other = Arc::new(Turn::new(Arc::clone(&line)));
        let mut relay = None;
        if is_crowded {
            Relay::of(&mut relay, &other, Waker::noop()).wake_by_ref();
        }
        let wire = Wire { phase: Arc::default(), turn: Arc::new(Turn::new(line)) };
        let mut io = GuardedIo::new(Client { is_sent: false, leaves }, wire.clone(), patience, None);
        let mut bytes = [0; 64];
        let mut buf = ReadBuf::new(&mut bytes);
        let read = Pin::new(&mut io).poll_read(&mut Context::from_waker(Waker::noop()), &mut buf);
        assert!(matches!(read, Poll::Ready(Ok(()))));
        assert_eq!(buf.filled(), REQUEST);
        // Nothing is looked for where nobody waits.
        assert_eq!(wire.phase.has_left(), leaves && is_crowded);
    }
}
