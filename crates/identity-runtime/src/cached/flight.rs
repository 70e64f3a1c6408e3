//! A flight: one fetch under way, shared by all who wait for it.
//!
//! The fetch is a future that its waiters drive: all are woken, and the first to be polled polls it, always within the context of the runtime it began on. So
//! a waiter that leaves, panics, or is kept without being polled costs nobody anything. The last one to leave spawns the fetch, so that a result that was
//! paid for isn't lost; one that asks a person ends instead.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use identity_base::{AccessToken, BoxFuture, Error, ErrorKind, FetchPolicy, Fetched};
use tokio::runtime::{Handle, Id};

use super::sync::{Mutex, lock};

/// What a flight came to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It ended; all its waiters get this.
    Done(Result<AccessToken, Error>),
    /// It was given up in favour of another one on a live runtime; waiters start over.
    Abandoned,
}

/// What happens to the result, once, before any waiter sees it: the token is stored and the flight leaves its entry.
pub(crate) trait Landing: Send + Sync {
    fn land(&self, flight: &Arc<Flight>, result: Result<Fetched, Error>) -> Result<AccessToken, Error>;
    /// The flight ends without a result of its own.
    fn abandon(&self, flight: &Arc<Flight>);
}

pub(crate) struct Flight {
    /// Distinguishes flights in the credential's register.
    pub(crate) id: u64,
    /// Whether it is a background refresh, which makes one attempt only.
    pub(crate) background: bool,
    /// Whether it must never be begun anew.
    pub(crate) single_use: bool,
    /// How long the fetch may take, by the timers of its runtime.
    pub(crate) total: Duration,
    /// Whether it ends with its last waiter.
    attended: bool,
    /// The runtime whose I/O driver and timers the fetch uses.
    handle: Handle,
    shared: Mutex<Shared>,
}

struct Shared {
    /// The fetch, while nobody polls it.
    fetch: Option<BoxFuture<'static, Result<Fetched, Error>>>,
    landing: Option<Arc<dyn Landing>>,
    outcome: Option<Outcome>,
    /// By number; ordered, so that joining and leaving are cheap with ten thousand of them.
    waiters: BTreeMap<u64, Option<Waker>>,
    next_waiter: u64,
    /// Whether the fetch wants to be polled.
    woken: bool,
    /// Whether the last waiter left and the fetch went to a task of its own.
    spawned: bool,
}

impl Flight {
    pub(crate) fn new(
        id: u64,
        handle: Handle,
        background: bool,
        policy: FetchPolicy,
        landing: Arc<dyn Landing>,
        fetch: BoxFuture<'static, Result<Fetched, Error>>,
    ) -> Arc<Self> {
        let shared = Shared {
            fetch: Some(fetch),
            landing: Some(landing),
            outcome: None,
            waiters: BTreeMap::new(),
            next_waiter: 0,
            woken: true,
            spawned: false,
        };
        Arc::new(Self {
            id,
            background,
            single_use: policy.single_use,
            total: policy.total,
            attended: policy.attended,
            handle,
            shared: Mutex::new(shared),
        })
    }

    /// The runtime it lives on.
    pub(crate) fn runtime(&self) -> Id {
        self.handle.id()
    }

    /// Joins the flight.
    pub(crate) fn join(self: &Arc<Self>) -> Waiter {
        let mut shared = lock(&self.shared);
        let id = shared.next_waiter;
        shared.next_waiter += 1;
        shared.waiters.insert(id, None);
        drop(shared);
        Waiter {
            flight: Arc::clone(self),
            id,
        }
    }

    /// Asks the flight's runtime for a sign of life.
    pub(crate) fn ping(&self) -> Ping {
        let alive = Arc::new(AtomicBool::new(false));
        let (gone, watch) = tokio::sync::oneshot::channel::<()>();
        let answer = Arc::clone(&alive);
        // On a runtime that was shut down the task is dropped at once, and with it the sender.
        drop(self.handle.spawn(async move {
            answer.store(true, Ordering::Release);
            drop(gone);
        }));
        Ping { alive, watch }
    }

    /// Ends the flight from outside: everybody gets `error`.
    pub(crate) fn cancel(self: &Arc<Self>, error: Error) {
        self.settle(Err(error));
    }

    /// Gives the flight up: its waiters start over.
    pub(crate) fn abandon(self: &Arc<Self>) {
        let landing = lock(&self.shared).landing.take();
        if let Some(landing) = landing {
            landing.abandon(self);
            self.publish(Outcome::Abandoned);
        }
    }

    /// Lands the result, once, and publishes it.
    fn settle(self: &Arc<Self>, result: Result<Fetched, Error>) {
        // Taken under the lock, used outside of it: landing stores the token and calls observers.
        let landing = lock(&self.shared).landing.take();
        if let Some(landing) = landing {
            // A clock, an observer or a subscriber of traces may panic in there; the waiters have to be told something all the same.
            let landed = catch_unwind(AssertUnwindSafe(|| landing.land(self, result)));
            let result = landed.unwrap_or_else(|panic| {
                drop(catch_unwind(AssertUnwindSafe(|| landing.abandon(self))));
                Err(panicked(panic.as_ref()))
            });
            self.publish(Outcome::Done(result));
        }
    }

    fn publish(&self, outcome: Outcome) {
        let mut shared = lock(&self.shared);
        shared.outcome = Some(outcome);
        let fetch = shared.fetch.take();
        let wakers: Vec<Waker> = shared.waiters.values_mut().filter_map(Option::take).collect();
        drop(shared);
        wakers.into_iter().for_each(Waker::wake);
        drop_quietly(fetch);
    }

    /// Lets `waiter` wait, and poll the fetch if that wants to be polled.
    fn poll_for(self: &Arc<Self>, waiter: u64, context: &Context<'_>) -> Poll<Outcome> {
        // Dropped after the lock is gone: a waker may own a task, and with it another waiter of this flight.
        let _replaced;
        let mut shared = lock(&self.shared);
        if let Some(outcome) = &shared.outcome {
            return Poll::Ready(outcome.clone());
        }
        match shared.waiters.get_mut(&waiter) {
            Some(Some(waker)) if waker.will_wake(context.waker()) => {}
            Some(waker) => _replaced = waker.replace(context.waker().clone()),
            None => {}
        }
        if !shared.woken {
            return Poll::Pending;
        }
        let Some(mut fetch) = shared.fetch.take() else {
            return Poll::Pending;
        };
        shared.woken = false;
        drop(shared);

        // Sockets, timers and tasks of the fetch belong to its own runtime, whoever polls it.
        let _entered = self.handle.enter();

        let waker = Waker::from(Arc::clone(self));
        // A user's closure may run in there. Its panic becomes an error for all; the half-run future is dropped and never polled again.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            fetch.as_mut().poll(&mut Context::from_waker(&waker))
        }));
        match polled {
            Ok(Poll::Pending) => self.park(fetch, context),
            Ok(Poll::Ready(result)) => {
                drop_quietly(Some(fetch));
                self.settle(result);
            }
            Err(panic) => {
                drop_quietly(Some(fetch));
                self.settle(Err(panicked(panic.as_ref())));
            }
        }
        match &lock(&self.shared).outcome {
            Some(outcome) => Poll::Ready(outcome.clone()),
            None => Poll::Pending,
        }
    }

    /// Puts the fetch back after a poll.
    fn park(&self, fetch: BoxFuture<'static, Result<Fetched, Error>>, context: &Context<'_>) {
        let mut shared = lock(&self.shared);
        if shared.outcome.is_some() || shared.landing.is_none() {
            // Cancelled meanwhile.
            drop(shared);
            return drop_quietly(Some(fetch));
        }
        shared.fetch = Some(fetch);
        if shared.woken {
            drop(shared);
            context.waker().wake_by_ref();
        }
    }

    /// A waiter leaves.
    fn leave(self: &Arc<Self>, waiter: u64) {
        // Dropped after the lock is gone, as in `poll_for`.
        let _waker;
        let mut shared = lock(&self.shared);
        _waker = shared.waiters.remove(&waiter);
        if shared.outcome.is_some() || shared.landing.is_none() {
            return;
        }
        if shared.waiters.is_empty() && self.attended {
            drop(shared);
            // Given up rather than cancelled: somebody who joins at this moment starts over.
            return self.abandon();
        }
        if shared.waiters.is_empty() {
            let orphaned = std::mem::replace(&mut shared.spawned, true);
            drop(shared);
            match orphaned {
                false => self.go_on_alone(),
                // The task that took it over was dropped: its runtime is gone.
                true => self.settle(Err(runtime_gone())),
            };
        }
    }

    /// Finishes the flight in a task of its own; the fetch ends at its total deadline at the latest.
    fn go_on_alone(self: &Arc<Self>) {
        let waiter = self.join();
        drop(self.handle.spawn(async move { drop(waiter.await) }));
    }
}

impl Wake for Flight {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut shared = lock(&self.shared);
        shared.woken = true;
        let wakers: Vec<Waker> = shared.waiters.values().flatten().cloned().collect();
        drop(shared);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight")
            .field("id", &self.id)
            .field("background", &self.background)
            .finish_non_exhaustive()
    }
}

/// One caller's wait for a flight. Dropping it leaves the flight.
pub(crate) struct Waiter {
    flight: Arc<Flight>,
    id: u64,
}

impl Future for Waiter {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        self.flight.poll_for(self.id, context)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.flight.leave(self.id);
    }
}

/// A question to a runtime whether it is alive.
pub(crate) struct Ping {
    alive: Arc<AtomicBool>,
    watch: tokio::sync::oneshot::Receiver<()>,
}

impl Ping {
    /// Ends when the runtime has answered (true) or is gone (false). A runtime that isn't driven lets it wait for ever.
    pub(crate) async fn answered(&mut self) -> bool {
        let _ = (&mut self.watch).await;
        self.alive.load(Ordering::Acquire)
    }
}

/// Drops a future whose destructor may panic, as a user's might.
fn drop_quietly(fetch: Option<BoxFuture<'static, Result<Fetched, Error>>>) {
    drop(catch_unwind(AssertUnwindSafe(|| drop(fetch))));
}

/// The error for a panic. Its text may quote a secret, so it isn't repeated.
fn panicked(_panic: &(dyn Any + Send)) -> Error {
    Error::new(ErrorKind::Internal, "the fetch panicked")
        .with_hint("the panic's message went to the program's standard error output")
}

fn runtime_gone() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the async runtime that fetched the token was shut down",
    )
}

#[cfg(test)]
mod tests;
