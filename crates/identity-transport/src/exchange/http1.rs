//! HTTP/1.1. The request's own future drives the connection, so that there is no task beside it: what is dropped with the future, is closed.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{Builder, Connection as Http1Connection, SendRequest};
use hyper_util::rt::TokioIo;
use identity_base::seam::HttpError;

use super::{Connection, Exchanged, Failure, Meter, Metered, Stamp, failed, response};
use crate::answer::{self, BodyCaps, MAX_HEAD};
use crate::connect::Socket;
use crate::failure;
use crate::limits::Limits;
use crate::message::{Outgoing, RequestBody};

/// The most bytes before an answer's head is complete: interim answers, the head, and what comes of the body in the same read.
const MAX_BEFORE_BODY: u64 = 3 * MAX_HEAD as u64;

/// A connection for one request at a time.
pub(crate) struct Http1 {
    sender: SendRequest<RequestBody>,
    driver: Driver,
    meter: Arc<Meter>,
    socket: Socket,
    pub(super) stamp: Stamp,
}

impl Http1 {
    pub(super) async fn start(
        io: TokioIo<Metered>,
        meter: Arc<Meter>,
        socket: Socket,
        stamp: Stamp,
    ) -> hyper::Result<Self> {
        let (sender, connection) = Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_header_size(MAX_HEAD)
            .handshake(io)
            .await?;
        Ok(Self {
            sender,
            driver: Driver(Some(Box::pin(connection))),
            meter,
            socket,
            stamp,
        })
    }

    pub(super) fn is_usable(&self) -> bool {
        self.driver.0.is_some() && self.sender.is_ready() && self.socket.is_quiet()
    }

    pub(super) const fn peer(&self) -> SocketAddr {
        self.socket.peer()
    }

    pub(super) async fn exchange(
        mut self: Box<Self>,
        request: &Outgoing,
        caps: BodyCaps,
        limits: &mut Limits,
    ) -> Exchanged {
        let (read, written) = (self.meter.read(), self.meter.written());
        let reused = self.stamp.reused;
        let meter = Arc::clone(&self.meter);
        let result = self.run(request, caps, limits).await;
        match result {
            Ok(answer) => {
                // A server that answers before it has the whole request may not read the rest of it.
                let whole = meter.written().saturating_sub(written) >= request.body_len();
                let reusable = self.settle().await && whole;
                self.stamp.reused = true;
                Ok((answer, reusable.then_some(Connection::Http1(self))))
            }
            Err(mut error) => {
                error.request_sent = meter.written() > written;
                Err::<_, Failure>(failed(error, reused, meter.read() > read))
            }
        }
    }

    /// Sends and reads. The caller knows better whether the request was sent.
    async fn run(
        &mut self,
        request: &Outgoing,
        caps: BodyCaps,
        limits: &mut Limits,
    ) -> Result<identity_base::seam::HttpResponse, HttpError> {
        let Self {
            sender,
            driver,
            meter,
            ..
        } = self;
        meter.allow(MAX_BEFORE_BODY);
        let answer = sender.send_request(request.http1());
        let answer = limits
            .answer(|| meter.read(), driver.alongside(answer))
            .await
            .map_err(|timed_out| timed_out.into_error(true))?;
        let answer = answer.map_err(|error| failure::of_exchange(error, true))?;
        meter.allow(u64::MAX);
        let (head, mut incoming) = answer.into_parts();
        let mut body = answer::check_head(&head, caps)?;
        loop {
            let frame = next_frame(&mut incoming);
            let frame = limits
                .within_pauses(|| meter.read(), driver.alongside(frame))
                .await
                .map_err(|timed_out| timed_out.into_error(true))?;
            match frame {
                None => break,
                Some(Err(error)) => return Err(failure::of_exchange(error, true)),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref()
                        && !body.push(data)?
                    {
                        // The rest is still to come: nothing else can be read from this connection.
                        driver.0 = None;
                        break;
                    }
                }
            }
        }
        Ok(response(head.status, head.headers, body))
    }

    /// Lets the connection finish what it is at, and tells whether it can take another request.
    async fn settle(&mut self) -> bool {
        // Twice: the first poll may end the last answer, the second asks for the next request.
        for _ in 0..2 {
            poll_fn(|context| {
                self.driver.poll(context);
                Poll::Ready(())
            })
            .await;
        }
        self.driver.0.is_some() && self.sender.is_ready()
    }
}

async fn next_frame(
    incoming: &mut Incoming,
) -> Option<Result<hyper::body::Frame<bytes::Bytes>, hyper::Error>> {
    poll_fn(|context| Pin::new(&mut *incoming).poll_frame(context)).await
}

/// Moves the bytes of a connection, until it ends.
struct Driver(Option<Pin<Box<Driven>>>);

type Driven = Http1Connection<TokioIo<Metered>, RequestBody>;

impl Driver {
    fn poll(&mut self, context: &mut Context<'_>) {
        if let Some(connection) = &mut self.0
            && connection.as_mut().poll(context).is_ready()
        {
            // An error has been given to the request that waits.
            self.0 = None;
        }
    }

    /// Runs `future`, which waits for this connection.
    async fn alongside<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            self.poll(context);
            future.as_mut().poll(context)
        })
        .await
    }
}
