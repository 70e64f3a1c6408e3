//! Happy eyeballs (RFC 8305): the addresses of both families are tried in turn, each a little later, and the first connection wins.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use identity_base::BoxFuture;
use identity_base::seam::Clock;

/// How long the next address waits for the one before. A failure ends the wait.
const HEAD_START: Duration = Duration::from_millis(300);

/// Connects to the first of `addresses` that answers. Each has `limit`; after `limit` no further one is tried.
///
/// # Errors
/// The last failure, [`io::ErrorKind::TimedOut`] if that was the limit.
pub(super) async fn connect<T: Send, F>(
    addresses: &[SocketAddr],
    clock: &dyn Clock,
    limit: Duration,
    attempt: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>> + Send,
{
    let mut waiting = in_turns(addresses).into_iter();
    let mut running: Vec<Attempt<'_, T>> = Vec::new();
    let mut head_start = None;
    let mut closing = clock.sleep(limit);
    let mut closed = false;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "there is no address");
    std::future::poll_fn(|context| {
        closed = closed || ready(&mut closing, context);
        loop {
            if head_start.as_mut().is_none_or(|wait| ready(wait, context)) {
                head_start = None;
                if let Some(address) = waiting.next().filter(|_| !closed) {
                    running.push(Attempt {
                        connection: Box::pin(attempt(address)),
                        limit: clock.sleep(limit),
                    });
                    head_start = Some(clock.sleep(HEAD_START));
                }
            }
            let mut failed = false;
            let mut index = 0;
            while let Some(one) = running.get_mut(index) {
                match one.poll(context) {
                    Poll::Ready(Ok(connection)) => return Poll::Ready(Ok(connection)),
                    Poll::Ready(Err(error)) => {
                        last = error;
                        failed = true;
                        drop(running.remove(index));
                    }
                    Poll::Pending => index += 1,
                }
            }
            if failed {
                // Its successor needn't wait any longer.
                head_start = None;
                continue;
            }
            if running.is_empty() {
                let last = std::mem::replace(&mut last, io::ErrorKind::NotFound.into());
                return Poll::Ready(Err(last));
            }
            // A timer that has just been made has to be polled once to wake us.
            if !head_start.as_mut().is_some_and(|wait| ready(wait, context)) {
                return Poll::Pending;
            }
            head_start = None;
        }
    })
    .await
}

struct Attempt<'a, T> {
    connection: Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>,
    limit: BoxFuture<'static, ()>,
}

impl<T> Attempt<'_, T> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if let Poll::Ready(result) = self.connection.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        match ready(&mut self.limit, context) {
            true => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            false => Poll::Pending,
        }
    }
}

fn ready(timer: &mut BoxFuture<'static, ()>, context: &mut Context<'_>) -> bool {
    timer.as_mut().poll(context).is_ready()
}

/// The addresses, the families in turn, beginning with that of the first: the resolver knows which one this machine prefers.
fn in_turns(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (mut these, mut others) = (
        addresses
            .iter()
            .filter(|address| address.is_ipv4() == first_is_v4),
        addresses
            .iter()
            .filter(|address| address.is_ipv4() != first_is_v4),
    );
    let mut order = Vec::with_capacity(addresses.len());
    while order.len() < addresses.len() {
        order.extend(these.next());
        order.extend(others.next());
    }
    order
}

#[cfg(test)]
mod tests;
