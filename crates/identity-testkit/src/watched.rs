//! A value that futures can wait on: the one primitive under gates, clocks and counters.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A value behind a lock; each change wakes whoever waits for a condition on it. Needs no runtime.
pub(crate) struct Watched<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    value: T,
    wakers: Vec<Waker>,
}

impl<T> Watched<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            state: Mutex::new(State {
                value,
                wakers: Vec::new(),
            }),
        }
    }

    /// A test that panicked elsewhere must not hide behind a poisoned lock.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock().value)
    }

    /// Changes the value, then wakes all that wait, with the lock released.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut state = self.lock();
        let result = change(&mut state.value);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    /// Waits until `take` returns something. It is called with the lock held, at first poll and after changes.
    pub(crate) const fn wait<R, F>(&self, take: F) -> Wait<'_, T, F>
    where
        F: FnMut(&mut T) -> Option<R>,
    {
        Wait { watched: self, take }
    }

    /// Waits until `met` says yes.
    pub(crate) async fn until(&self, mut met: impl FnMut(&T) -> bool) {
        self.wait(|value| met(value).then_some(())).await;
    }
}

/// The future of [`Watched::wait`].
pub(crate) struct Wait<'a, T, F> {
    watched: &'a Watched<T>,
    take: F,
}

// The closure is called through a plain reference, never pinned.
impl<T, F> Unpin for Wait<'_, T, F> {}

impl<T, R, F: FnMut(&mut T) -> Option<R>> Future for Wait<'_, T, F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let this = &mut *self;
        let mut state = this.watched.lock();
        if let Some(result) = (this.take)(&mut state.value) {
            return Poll::Ready(result);
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}
