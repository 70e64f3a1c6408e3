//! One request and its answer over a connection.

mod http1;
#[cfg(feature = "http2")]
mod http2;
mod meter;

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use hyper_util::rt::TokioIo;
use identity_base::seam::{HttpError, HttpErrorKind, HttpResponse, Now};

use crate::answer::{BodyCaps, CappedBody};
use crate::connect::Dialed;
use crate::failure;
use crate::limits::{Limits, Stage};
use crate::message::Outgoing;
use meter::{Meter, Metered};

/// A connection that requests can be sent over.
pub(crate) enum Connection {
    Http1(Box<http1::Http1>),
    #[cfg(feature = "http2")]
    Http2(http2::Http2),
}

/// Why a request over a connection failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: HttpError,
    /// The connection had been used before, and it broke before any byte of an answer: the server may have closed it long ago.
    pub(crate) stale: bool,
}

/// What came back, and the connection if it can be used again.
pub(crate) type Exchanged = Result<(HttpResponse, Option<Connection>), Failure>;

impl Connection {
    /// Starts HTTP on a new stream.
    pub(crate) async fn start(dialed: Dialed, limits: &mut Limits) -> Result<Self, HttpError> {
        let meter = Arc::new(Meter::default());
        let io = TokioIo::new(Metered::new(dialed.stream, Arc::clone(&meter)));
        let stamp = Stamp::new(limits.clock.now());
        #[cfg(feature = "http2")]
        if dialed.http2 {
            let started = limits
                .within(Stage::Total, http2::Http2::start(io, dialed.socket, stamp))
                .await;
            return unwrap_start(started).map(Self::Http2);
        }
        let started = limits
            .within(Stage::Total, http1::Http1::start(io, meter, dialed.socket, stamp))
            .await;
        unwrap_start(started).map(|connection| Self::Http1(Box::new(connection)))
    }

    /// Sends `request` and reads the answer, of its body as much as `caps` allow.
    pub(crate) async fn exchange(self, request: &Outgoing, caps: BodyCaps, limits: &mut Limits) -> Exchanged {
        match self {
            Self::Http1(connection) => connection.exchange(request, caps, limits).await,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.exchange(request, caps, limits).await,
        }
    }

    /// Whether the next request may go over this connection.
    pub(crate) fn is_usable(&mut self) -> bool {
        match self {
            Self::Http1(connection) => connection.is_usable(),
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.is_usable(),
        }
    }

    /// The same connection for another request at the same time, if it can carry several.
    pub(crate) fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => Some(Self::Http2(connection.clone())),
        }
    }

    pub(crate) fn stamp(&mut self) -> &mut Stamp {
        match self {
            Self::Http1(connection) => &mut connection.stamp,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => &mut connection.stamp,
        }
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        match self {
            Self::Http1(connection) => connection.peer(),
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.peer(),
        }
    }
}

fn unwrap_start<T>(started: Result<hyper::Result<T>, crate::limits::TimedOut>) -> Result<T, HttpError> {
    started
        .map_err(|timed_out| timed_out.into_error(false))?
        .map_err(|error| failure::of_exchange(error, false))
}

/// When a connection was made, and last used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) opened: Now,
    pub(crate) used: Now,
    /// Whether a request has been answered over it.
    pub(crate) reused: bool,
}

impl Stamp {
    pub(crate) const fn new(now: Now) -> Self {
        Self {
            opened: now,
            used: now,
            reused: false,
        }
    }
}

/// Where an answer's body comes from: one connection driven by us, or a stream of a shared one.
fn response(status: StatusCode, headers: HeaderMap, body: CappedBody) -> HttpResponse {
    HttpResponse::new(status, headers, body.finish())
}

/// A failure that ends a fresh or reused connection.
fn failed(error: HttpError, reused: bool, answered: bool) -> Failure {
    let stale = reused && !answered && error.kind == HttpErrorKind::Reset;
    Failure { error, stale }
}

#[cfg(test)]
mod tests;
