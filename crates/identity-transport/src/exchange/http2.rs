//! HTTP/2: many requests over one connection, which a task drives until its last user is gone.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;

use hyper::body::Body as _;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use identity_base::seam::{HttpError, HttpResponse};

use super::{Connection, Exchanged, Metered, Stamp, failed, response};
use crate::answer::{self, BodyCaps, MAX_HEAD};
use crate::connect::Socket;
use crate::failure;
use crate::limits::Limits;
use crate::message::{Outgoing, RequestBody};

/// A share of a connection.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: SendRequest<RequestBody>,
    peer: SocketAddr,
    pub(super) stamp: Stamp,
}

impl Http2 {
    pub(super) async fn start(io: TokioIo<Metered>, socket: Socket, stamp: Stamp) -> hyper::Result<Self> {
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .max_header_list_size(MAX_HEAD as u32)
            .handshake(io)
            .await?;
        tokio::spawn(async move {
            // An error has been given to the requests that wait.
            drop(connection.await);
        });
        Ok(Self {
            sender,
            peer: socket.peer(),
            stamp,
        })
    }

    pub(super) fn is_usable(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed()
    }

    pub(super) const fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) async fn exchange(
        mut self,
        request: &Outgoing,
        caps: BodyCaps,
        limits: &mut Limits,
    ) -> Exchanged {
        let reused = self.stamp.reused;
        let mut answered = false;
        match self.run(request, caps, limits, &mut answered).await {
            Ok(answer) => {
                self.stamp.reused = true;
                Ok((answer, Some(Connection::Http2(self))))
            }
            Err(error) => Err(failed(error, reused, answered)),
        }
    }

    async fn run(
        &mut self,
        request: &Outgoing,
        caps: BodyCaps,
        limits: &mut Limits,
        answered: &mut bool,
    ) -> Result<HttpResponse, HttpError> {
        let answer = self.sender.try_send_request(request.http2());
        // The connection's bytes are of many requests, so they say nothing about this one.
        let answer = limits
            .answer(|| 0, answer)
            .await
            .map_err(|timed_out| timed_out.into_error(true))?;
        let answer = answer.map_err(|mut refused| {
            // The request comes back only if none of it was written.
            let sent = refused.take_message().is_none();
            failure::of_exchange(refused.into_error(), sent)
        })?;
        *answered = true;
        let (head, mut incoming) = answer.into_parts();
        let mut body = answer::check_head(&head, caps)?;
        loop {
            let frame = poll_fn(|context| Pin::new(&mut incoming).poll_frame(context));
            let frame = limits
                .within_pauses(|| 0, frame)
                .await
                .map_err(|timed_out| timed_out.into_error(true))?;
            match frame {
                None => break,
                Some(Err(error)) => return Err(failure::of_exchange(error, true)),
                Some(Ok(frame)) => {
                    // What is dropped with the rest of the body is this stream alone.
                    if let Some(data) = frame.data_ref()
                        && !body.push(data)?
                    {
                        break;
                    }
                }
            }
        }
        Ok(response(head.status, head.headers, body))
    }
}
