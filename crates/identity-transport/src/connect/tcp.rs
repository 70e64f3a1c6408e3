//! TCP connections that the pool can look at while HTTP or TLS owns their bytes.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// When the system asks an idle peer whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A connected socket. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    stream: Arc<TcpStream>,
    peer: SocketAddr,
}

impl Socket {
    /// Connects, with keep-alive and without Nagle's delay.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let mut connecting = pin!(TcpStream::connect(address));
        let stream = std::future::poll_fn(|context| {
            // tokio offers no way to ask whether a runtime was built with I/O: registering a socket panics if it was not.
            catch_unwind(AssertUnwindSafe(|| connecting.as_mut().poll(context)))
                .unwrap_or_else(|_| Poll::Ready(Err(io::Error::other(NoDriver))))
        })
        .await?;
        let peer = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        // Only an optimisation, and not there on every system.
        drop(SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE)));
        Ok(Self {
            stream: Arc::new(stream),
            peer,
        })
    }

    /// Whom it is connected to.
    pub(crate) const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the connection is open and nothing waits to be read, as it should be between two requests. Asks the system itself: what tokio knows
    /// may be old, if its runtime has not been driven in the meantime.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        let peeked = SockRef::from(&*self.stream).peek(&mut byte);
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// The runtime has no I/O driver.
#[derive(Debug)]
pub(super) struct NoDriver;

impl fmt::Display for NoDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the runtime has no I/O driver")
    }
}

impl StdError for NoDriver {}

/// The bytes of a [`Socket`].
#[derive(Debug)]
pub(crate) struct TcpIo(Arc<TcpStream>);

impl TcpIo {
    pub(crate) fn new(socket: &Socket) -> Self {
        Self(Arc::clone(&socket.stream))
    }
}

impl AsyncRead for TcpIo {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read(buffer.initialize_unfilled()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(read) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for TcpIo {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write(data) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.0).shutdown(std::net::Shutdown::Write))
    }
}
