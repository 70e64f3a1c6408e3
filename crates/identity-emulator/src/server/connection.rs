//! One connection: its fault if it has one, the TLS handshake, then HTTP until it ends.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

use super::body::ReplyBody;
use super::exchange::{Origin, exchange};
use super::io::{SharedStream, Stream};
use super::reply::Reply;
use super::wire::{End, Script};
use crate::call::Listener;
use crate::fault::ConnectFault;
use crate::journal::ConnectionGuard;
use crate::world::World;

/// What a request's handler tells the connection's task.
enum Command {
    /// Take the connection away from hyper and play this.
    Play(Script),
    /// Finish what is under way and close.
    Close,
}

pub(super) async fn serve(world: Arc<World>, tcp: TcpStream, listener: Listener) {
    let guard = world.journal.connection_opened(listener);
    // Small answers should not wait for an acknowledgement. Without it they are only slower.
    let _best_effort = tcp.set_nodelay(true);
    if listener == Listener::Plain {
        return http(&world, Stream::Plain(tcp), listener, guard.number, false).await;
    }
    let fault = world
        .faults
        .connection()
        .and_then(|applied| applied.effect.connect);
    let mut reset = false;
    let config = match fault {
        None => Some(world.certificates.good()),
        Some(ConnectFault::ResetAfterHandshake) => {
            reset = true;
            Some(world.certificates.good())
        }
        Some(ConnectFault::Certificate(wrong)) => world.certificates.wrong(wrong),
        Some(other) => return without_tls(other, tcp, &guard).await,
    };
    let Some(config) = config else { return };
    let Some(stream) = handshake(config, tcp, &guard).await else {
        return;
    };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let stream = Stream::Tls(Box::new(stream));
    if reset {
        return Script::new("", End::Reset).play(SharedStream::new(stream)).await;
    }
    http(&world, stream, listener, guard.number, is_http2).await;
}

async fn handshake(
    config: Arc<ServerConfig>,
    tcp: TcpStream,
    guard: &ConnectionGuard<'_>,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    match TlsAcceptor::from(config).accept(tcp).await {
        Ok(stream) => Some(stream),
        Err(_) => {
            guard.handshake_failed();
            None
        }
    }
}

/// Plays a fault that never gets as far as TLS.
async fn without_tls(fault: ConnectFault, mut tcp: TcpStream, guard: &ConnectionGuard<'_>) {
    guard.handshake_failed();
    let bytes = match fault {
        ConnectFault::Reset => Script::new("", End::Reset),
        ConnectFault::Close => return,
        ConnectFault::Stall => return pending().await,
        ConnectFault::TlsAlert(number) => {
            // Content type alert, version 1.0 as first records have it, length 2, level fatal.
            Script::new(vec![0x15, 3, 1, 0, 2, 2, number], End::Close)
        }
        ConnectFault::Raw(bytes) => Script::new(bytes.bytes().unwrap_or_default(), End::Close),
        _ => Script::new(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 19\r\nconnection: close\r\n\r\nTLS is spoken here.",
            End::Close,
        ),
    };
    if bytes.end == End::Close {
        // The client speaks first in TLS. Closing on an unread greeting would be a reset.
        let mut greeting = [0; 4096];
        if tcp.read(&mut greeting).await.is_err() {
            return;
        }
    }
    bytes.play(SharedStream::new(Stream::Plain(tcp))).await;
}

async fn http(world: &Arc<World>, stream: Stream, listener: Listener, connection: u64, is_http2: bool) {
    let origin = Origin { listener, connection };
    let stream = SharedStream::new(stream);
    let (tell, commands) = unbounded_channel();
    let world = Arc::clone(world);
    let service = service_fn(move |request: Request<Incoming>| {
        answer(Arc::clone(&world), origin, request, tell.clone())
    });
    let io = TokioIo::new(stream.clone());
    let script = if is_http2 {
        let served = http2::Builder::new(TokioExecutor::new()).serve_connection(io, service);
        run(served, |served| served.graceful_shutdown(), commands).await
    } else {
        let served = http1::Builder::new()
            .half_close(false)
            .serve_connection(io, service);
        run(served, |served| served.graceful_shutdown(), commands).await
    };
    if let Some(script) = script {
        script.play(stream).await;
    }
}

/// Serves one request, or never answers when the connection is taken away.
async fn answer(
    world: Arc<World>,
    origin: Origin,
    request: Request<Incoming>,
    tell: UnboundedSender<Command>,
) -> Result<Response<ReplyBody>, Infallible> {
    // The receiver lives as long as the connection, so nobody is left to tell when sending fails.
    match exchange(world, origin, request).await {
        Reply::Http(response) => Ok(response),
        Reply::Last(response) => {
            let _gone = tell.send(Command::Close);
            Ok(response)
        }
        Reply::Wire(script) => {
            let _gone = tell.send(Command::Play(script));
            pending().await
        }
    }
}

/// Drives a connection until it ends or is taken away. Dropping hyper's half leaves the stream to the caller.
async fn run<C, E>(
    connection: C,
    close: impl Fn(Pin<&mut C>),
    mut commands: UnboundedReceiver<Command>,
) -> Option<Script>
where
    C: Future<Output = Result<(), E>>,
{
    let mut connection = pin!(connection);
    poll_fn(|cx: &mut Context<'_>| {
        loop {
            match commands.poll_recv(cx) {
                Poll::Ready(Some(Command::Play(script))) => return Poll::Ready(Some(script)),
                Poll::Ready(Some(Command::Close)) => close(connection.as_mut()),
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        // A peer that goes away in the middle is none of the emulator's troubles.
        let ended = connection.as_mut().poll(cx).map(|_| None);
        if ended.is_ready() {
            // The command may have been given in this very poll.
            if let Poll::Ready(Some(Command::Play(script))) = commands.poll_recv(cx) {
                return Poll::Ready(Some(script));
            }
        }
        ended
    })
    .await
}
