//! Connections that break at chosen bytes: what counts as sent, and what as stale.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use identity_base::seam::{HttpRequest, HttpTimeouts};
use identity_testkit::{TestClock, block_on};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::*;
use crate::connect::Socket;
use crate::target::Target;

const CAPS: BodyCaps = BodyCaps {
    body: 1024,
    error: 1024,
};

/// A stream that takes so many bytes, and then behaves like this.
struct Broken {
    takes: usize,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    Stalls,
    Breaks,
}

impl Broken {
    fn end<T>(&self) -> Poll<io::Result<T>> {
        match self.then {
            Then::Stalls => Poll::Pending,
            Then::Breaks => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Broken {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let taken = data.len().min(self.takes);
        if taken == 0 {
            return self.end();
        }
        self.takes -= taken;
        Poll::Ready(Ok(taken))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.takes == 0 {
            self.end()
        } else {
            Poll::Ready(Ok(()))
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Sends a request over such a stream.
fn send(takes: usize, then: Then, reused: bool) -> Failure {
    let clock = TestClock::new();
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = Socket::connect(listener.local_addr().unwrap()).await.unwrap();
        let dialed = Dialed {
            stream: Box::new(Broken { takes, then }),
            socket,
            #[cfg(feature = "http2")]
            http2: false,
        };
        let mut limits = Limits::start(Arc::new(clock.clone()), HttpTimeouts::new()).unwrap();
        let mut connection = Connection::start(dialed, &mut limits).await.unwrap();
        connection.stamp().reused = reused;
        let form = Zeroizing::new(b"grant=once".to_vec());
        let request = HttpRequest::post_form(http::Uri::from_static("http://127.0.0.1/"), form);
        let request = Outgoing::new(&request, &Target::parse(&request.uri).unwrap()).unwrap();
        let running = tokio::spawn(async move {
            let exchanged = connection.exchange(&request, CAPS, &mut limits).await;
            exchanged.err().unwrap()
        });
        if matches!(then, Then::Stalls) {
            clock.sleepers(2).await;
            clock.advance(Duration::from_secs(8));
        }
        running.await.unwrap()
    })
}

#[test]
fn a_request_counts_as_sent_from_its_first_byte() {
    for (takes, sent) in [(0, false), (1, true), (50, true)] {
        let failure = send(takes, Then::Stalls, false);
        assert_eq!(failure.error.kind, HttpErrorKind::Timeout, "{takes}");
        assert_eq!(failure.error.request_sent, sent, "{takes}");
        let failure = send(takes, Then::Breaks, false);
        assert_eq!(failure.error.kind, HttpErrorKind::Reset, "{takes}");
        assert_eq!(failure.error.request_sent, sent, "{takes}");
    }
}

#[test]
fn only_a_used_connection_that_broke_is_stale() {
    assert!(send(0, Then::Breaks, true).stale);
    assert!(send(50, Then::Breaks, true).stale);
    assert!(!send(0, Then::Breaks, false).stale);
    // One that ran into a limit is not repeated: its time is over.
    assert!(!send(0, Then::Stalls, true).stale);
}
