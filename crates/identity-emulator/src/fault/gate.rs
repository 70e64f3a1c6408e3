//! Gates: requests stop at them until a test lets them on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, pin::pin};

use tokio::sync::Notify;

/// A gate that [`Fault::hold`](crate::Fault::hold) makes requests wait at, so that a test decides the order of events.
///
/// Get one from [`Emulator::gate`](crate::Emulator::gate). Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    name: String,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    open: bool,
    passes: u64,
    waiting: u64,
    arrived: u64,
}

impl Gate {
    fn new(name: &str) -> Self {
        Self(Arc::new(Inner {
            name: name.to_owned(),
            state: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// The gate's name, by which the administration over HTTP knows it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Opens the gate for those who wait and for all who come.
    pub fn release(&self) {
        self.change(|state| state.open = true);
    }

    /// Lets `requests` through, now or when they come.
    pub fn release_some(&self, requests: u64) {
        self.change(|state| state.passes = state.passes.saturating_add(requests));
    }

    /// Closes an open gate again.
    pub fn close(&self) {
        self.change(|state| {
            state.open = false;
            state.passes = 0;
        });
    }

    /// How many requests wait now. Those whose client has gone do not count.
    pub fn waiting(&self) -> u64 {
        self.read(|state| state.waiting)
    }

    /// How many requests have come to the gate, ever.
    pub fn arrived(&self) -> u64 {
        self.read(|state| state.arrived)
    }

    /// Waits until `requests` have come to the gate, ever. Works on any runtime.
    pub async fn wait_for(&self, requests: u64) {
        self.until(|state| state.arrived >= requests).await;
    }

    /// Waits until no request is left waiting, for example because its client has gone.
    pub async fn wait_until_empty(&self) {
        self.until(|state| state.waiting == 0).await;
    }

    /// Waits at the gate.
    pub(crate) async fn pass(&self) {
        self.change(|state| {
            state.arrived = state.arrived.saturating_add(1);
            state.waiting = state.waiting.saturating_add(1);
        });
        let _waiting = Waiting(self);
        self.until_change(|state| {
            if state.open {
                return true;
            }
            let may = state.passes > 0;
            state.passes = state.passes.saturating_sub(1);
            may
        })
        .await;
    }

    async fn until(&self, done: impl Fn(&State) -> bool) {
        self.until_change(|state| done(state)).await;
    }

    async fn until_change(&self, mut done: impl FnMut(&mut State) -> bool) {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if done(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner)) {
                return;
            }
            changed.await;
        }
    }

    fn read<T>(&self, get: impl FnOnce(&State) -> T) -> T {
        get(&self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, set: impl FnOnce(&mut State)) {
        set(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.changed.notify_waiters();
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("name", &self.name())
            .field("waiting", &self.waiting())
            .finish()
    }
}

/// Counts a request out again, also when its client gave up.
struct Waiting<'a>(&'a Gate);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0
            .change(|state| state.waiting = state.waiting.saturating_sub(1));
    }
}

/// The gates of one emulator, by name.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<BTreeMap<String, Gate>>);

impl Gates {
    /// The gate of this name, made closed when it is new.
    pub(crate) fn get(&self, name: &str) -> Gate {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates
            .entry(name.to_owned())
            .or_insert_with(|| Gate::new(name))
            .clone()
    }

    pub(crate) fn all(&self) -> Vec<Gate> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// Opens every gate, so that nobody is left waiting, and forgets them.
    pub(crate) fn reset(&self) {
        let gates = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for gate in gates.into_values() {
            gate.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::Gates;

    #[test]
    fn passes_let_just_so_many_through() {
        let gate = Gates::default().get("g");
        let mut cx = Context::from_waker(Waker::noop());
        let (mut one, mut two) = (pin!(gate.pass()), pin!(gate.pass()));
        assert!(one.as_mut().poll(&mut cx).is_pending());
        assert!(two.as_mut().poll(&mut cx).is_pending());
        assert_eq!((gate.waiting(), gate.arrived()), (2, 2));
        gate.release_some(1);
        assert!(one.as_mut().poll(&mut cx).is_ready());
        assert!(two.as_mut().poll(&mut cx).is_pending());
        gate.release();
        assert!(two.as_mut().poll(&mut cx).is_ready());
    }

    #[test]
    fn a_dropped_request_no_longer_waits() {
        let gate = Gates::default().get("g");
        let mut cx = Context::from_waker(Waker::noop());
        {
            let mut gone = pin!(gate.pass());
            assert!(gone.as_mut().poll(&mut cx).is_pending());
            assert_eq!(gate.waiting(), 1);
        }
        assert_eq!((gate.waiting(), gate.arrived()), (0, 1));
    }
}
