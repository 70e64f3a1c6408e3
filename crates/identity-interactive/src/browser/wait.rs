//! Waiting for the browser, whoever else calls.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use identity_base::BoxFuture;

use super::connection::{Activity, Answered, Shared, serve};
use super::loopback::Listeners;
use super::request::{MAX_BODY_BYTES, MAX_HEAD_BYTES};

/// How many connections are served at once.
const MAX_CONNECTIONS: usize = 16;
// All that strangers can make this process hold.
const _: () = assert!(MAX_CONNECTIONS * (MAX_HEAD_BYTES + MAX_BODY_BYTES) <= 8 * 1024 * 1024);
/// How many are accepted before others get their turn.
const MAX_ACCEPTS: usize = 32;
/// The pause after the system refused to accept one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until one of them brings the answer. All of it happens in this future: nothing is left behind when it is dropped.
pub(super) async fn wait(listeners: Listeners, shared: Arc<Shared>) -> Answered {
    let mut server = Server {
        listeners,
        shared,
        connections: Vec::new(),
        pause: None,
    };
    poll_fn(|context| server.poll(context)).await
}

struct Server {
    listeners: Listeners,
    shared: Arc<Shared>,
    /// In the order in which they came.
    connections: Vec<Connection>,
    pause: Option<BoxFuture<'static, ()>>,
}

struct Connection {
    future: BoxFuture<'static, Option<Answered>>,
    activity: Arc<Activity>,
}

impl Server {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Answered> {
        if let Some(answered) = self.poll_connections(context) {
            return Poll::Ready(answered);
        }
        if let Some(pause) = &mut self.pause {
            match pause.as_mut().poll(context) {
                Poll::Ready(()) => self.pause = None,
                Poll::Pending => return Poll::Pending,
            }
        }
        for _ in 0..MAX_ACCEPTS {
            match self.accept(context) {
                Poll::Ready(Some(answered)) => return Poll::Ready(answered),
                Poll::Ready(None) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        // More may wait, but so may other tasks.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Lets all connections go on.
    fn poll_connections(&mut self, context: &mut Context<'_>) -> Option<Answered> {
        let mut answered = None;
        self.connections.retain_mut(|connection| {
            if answered.is_some() {
                return false;
            }
            match connection.future.as_mut().poll(context) {
                Poll::Pending => true,
                Poll::Ready(outcome) => {
                    answered = outcome;
                    false
                }
            }
        });
        answered
    }

    /// Accepts one connection and reads what it has sent already, before somebody else may take its place.
    fn accept(&mut self, context: &mut Context<'_>) -> Poll<Option<Answered>> {
        let mut accepted = None;
        for listener in &self.listeners.sockets {
            if let Poll::Ready(outcome) = listener.poll_accept(context) {
                accepted = Some(outcome);
                break;
            }
        }
        let stream = match accepted {
            None => return Poll::Pending,
            Some(Ok((stream, _))) => stream,
            Some(Err(_)) => {
                // Out of file descriptors, as a rule. Whoever was idle longest gives one back.
                self.make_room(0);
                let mut pause = self.shared.clock.sleep(ACCEPT_PAUSE);
                if Pin::new(&mut pause).poll(context).is_pending() {
                    self.pause = Some(pause);
                    return Poll::Pending;
                }
                return Poll::Ready(None);
            }
        };
        let activity = Arc::new(Activity::default());
        let mut future: BoxFuture<'static, Option<Answered>> =
            Box::pin(serve(stream, Arc::clone(&self.shared), Arc::clone(&activity)));
        match future.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => {
                self.make_room(MAX_CONNECTIONS - 1);
                self.connections.push(Connection { future, activity });
                Poll::Ready(None)
            }
        }
    }

    /// Closes connections until there are at most `limit`: first those that sent nothing, then those that were silent longest.
    fn make_room(&mut self, limit: usize) {
        while self.connections.len() > limit {
            let idlest = self
                .connections
                .iter()
                .enumerate()
                // The first of equals is the oldest.
                .min_by_key(|(_, connection)| connection.activity.last())
                .map(|(at, _)| at);
            match idlest {
                Some(at) => drop(self.connections.remove(at)),
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests;
