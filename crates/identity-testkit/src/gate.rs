//! A point at which something stops until the test lets it go on.

use std::fmt;
use std::sync::Arc;

use crate::watched::Watched;

/// A gate: whoever comes to it waits until it is opened. Clones are the same gate. Works with and without a runtime.
///
/// ```
/// use identity_testkit::{Gate, block_on};
/// let gate = Gate::closed();
/// block_on(async {
///     let worker = tokio::spawn({ let gate = gate.clone(); async move { gate.pass().await } });
///     gate.arrivals(1).await; // no sleep: the worker stands at the gate now
///     gate.open();
///     worker.await.unwrap();
/// });
/// ```
#[derive(Clone)]
pub struct Gate(Arc<Watched<State>>);

#[derive(Default)]
struct State {
    open: bool,
    /// How many may pass while it is closed.
    permits: usize,
    /// How many ever came.
    arrived: usize,
    /// How many stand there now.
    waiting: usize,
}

impl Gate {
    /// A gate that holds everybody up.
    #[must_use]
    pub fn closed() -> Self {
        Self(Arc::new(Watched::new(State::default())))
    }

    /// Lets all pass, now and later.
    pub fn open(&self) {
        self.0.change(|state| state.open = true);
    }

    /// Holds everybody up who comes from now on.
    pub fn close(&self) {
        self.0.change(|state| state.open = false);
    }

    /// Lets `count` more pass.
    pub fn admit(&self, count: usize) {
        self.0.change(|state| state.permits += count);
    }

    /// Comes to the gate and waits until it may pass.
    pub async fn pass(&self) {
        let place = Place::take(&self.0);
        self.0
            .wait(|state| {
                let by_permit = !state.open && state.permits > 0;
                state.permits -= usize::from(by_permit);
                (state.open || by_permit).then_some(())
            })
            .await;
        drop(place);
    }

    /// Waits until `count` have come to the gate since it was made, whether they passed or not.
    pub async fn arrivals(&self, count: usize) {
        self.0.until(|state| state.arrived >= count).await;
    }

    /// How many have come to the gate since it was made.
    #[must_use]
    pub fn arrived(&self) -> usize {
        self.0.read(|state| state.arrived)
    }

    /// How many stand at the gate now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.read(|state| state.waiting)
    }
}

/// Somebody at the gate; also somebody whose future is dropped leaves it.
struct Place<'a>(&'a Watched<State>);

impl<'a> Place<'a> {
    fn take(gate: &'a Watched<State>) -> Self {
        gate.change(|state| {
            state.arrived += 1;
            state.waiting += 1;
        });
        Self(gate)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.waiting -= 1);
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.read(|state| {
            f.debug_struct("Gate")
                .field("open", &state.open)
                .field("arrived", &state.arrived)
                .field("waiting", &state.waiting)
                .finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::PollOnce as _;

    #[test]
    fn a_permit_lets_exactly_one_pass() {
        let gate = Gate::closed();
        let (mut first, mut second) = (Box::pin(gate.pass()), Box::pin(gate.pass()));
        assert!(first.poll_once().is_pending() && second.poll_once().is_pending());
        assert_eq!((gate.arrived(), gate.waiting()), (2, 2));
        gate.admit(1);
        assert!(second.poll_once().is_ready());
        assert!(first.poll_once().is_pending());
        gate.open();
        assert!(first.poll_once().is_ready());
        assert_eq!((gate.arrived(), gate.waiting()), (2, 0));
    }

    #[test]
    fn whoever_is_dropped_leaves_the_gate() {
        let gate = Gate::closed();
        let mut pass = Box::pin(gate.pass());
        assert!(pass.poll_once().is_pending());
        drop(pass);
        assert_eq!((gate.arrived(), gate.waiting()), (1, 0));
    }

    #[test]
    fn an_open_gate_takes_no_permit() {
        let gate = Gate::closed();
        gate.admit(1);
        gate.open();
        assert!(Box::pin(gate.pass()).poll_once().is_ready());
        gate.close();
        assert!(
            Box::pin(gate.pass()).poll_once().is_ready(),
            "the permit is still there"
        );
        assert!(Box::pin(gate.pass()).poll_once().is_pending());
    }
}
