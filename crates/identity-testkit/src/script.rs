//! What a scripted answer waits for before it is given.

use std::fmt;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use identity_base::seam::Clock;

use crate::Gate;

/// Waits, in order.
#[derive(Clone, Default)]
pub(crate) struct Waits(Vec<Wait>);

#[derive(Clone)]
enum Wait {
    Gate(Gate),
    Sleep(Arc<dyn Clock>, Duration),
    Yield(usize),
}

impl Waits {
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn gate(&mut self, gate: &Gate) {
        self.0.push(Wait::Gate(gate.clone()));
    }

    pub(crate) fn sleep(&mut self, clock: impl Clock + 'static, duration: Duration) {
        self.0.push(Wait::Sleep(Arc::new(clock), duration));
    }

    pub(crate) fn yielding(&mut self, times: usize) {
        self.0.push(Wait::Yield(times));
    }

    pub(crate) async fn play(self) {
        for wait in self.0 {
            match wait {
                Wait::Gate(gate) => gate.pass().await,
                Wait::Sleep(clock, duration) => clock.sleep(duration).await,
                Wait::Yield(times) => yield_times(times).await,
            }
        }
    }
}

async fn yield_times(times: usize) {
    let mut left = times;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.len())
    }
}

/// Gives a step type the methods that add waits; the type has a field `waits`.
macro_rules! waiting_methods {
    () => {
        /// Waits at `gate` first.
        #[must_use]
        pub fn at(mut self, gate: &$crate::Gate) -> Self {
            self.waits.gate(gate);
            self
        }

        /// Waits for `duration` on `clock` first.
        #[must_use]
        pub fn after(
            mut self,
            clock: impl identity_base::seam::Clock + 'static,
            duration: std::time::Duration,
        ) -> Self {
            self.waits.sleep(clock, duration);
            self
        }

        /// Is pending, and wakes itself, `times` first: for tests that drop it at each of its await points.
        #[must_use]
        pub fn yielding(mut self, times: usize) -> Self {
            self.waits.yielding(times);
            self
        }
    };
}

pub(crate) use waiting_methods;
