//! Polling by hand, and running futures to their end.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Polls `future` once and returns its output.
///
/// # Panics
/// When it isn't ready at once.
#[track_caller]
pub fn assert_future_is_ready_on_first_poll<F: Future>(future: F) -> F::Output {
    let Poll::Ready(output) = pin!(future)
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("the future was not ready on its first poll");
    };
    output
}

/// Polls `future` once and hands it back.
///
/// # Panics
/// When it is ready.
#[track_caller]
pub fn assert_future_is_pending<F: Future + Unpin>(mut future: F) -> F {
    assert!(
        future.poll_once().is_pending(),
        "the future was ready, it should have waited"
    );
    future
}

/// One poll with a waker that does nothing.
pub trait PollOnce: Future + Unpin {
    /// Polls once. Nobody is woken later, so poll again after whatever should have made it ready.
    fn poll_once(&mut self) -> Poll<Self::Output> {
        Pin::new(self).poll(&mut Context::from_waker(Waker::noop()))
    }
}

impl<F: Future + Unpin + ?Sized> PollOnce for F {}

/// A waker that counts how often it was woken: for tests that a change wakes whom it should.
///
/// ```
/// use std::future::Future;
/// use identity_testkit::{Gate, poll::CountingWaker};
/// let (gate, waker) = (Gate::closed(), CountingWaker::new());
/// let mut pass = Box::pin(gate.pass());
/// assert!(pass.as_mut().poll(&mut waker.context()).is_pending());
/// let before = waker.count();
/// gate.open();
/// assert_eq!(waker.count(), before + 1);
/// ```
#[derive(Clone, Debug)]
pub struct CountingWaker {
    count: Arc<Count>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl CountingWaker {
    /// A waker that was never woken.
    #[must_use]
    pub fn new() -> Self {
        let count = Arc::new(Count::default());
        Self {
            waker: Waker::from(Arc::clone(&count)),
            count,
        }
    }

    /// A context to poll with.
    #[must_use]
    pub fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// How often it was woken.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.0.load(Ordering::SeqCst)
    }
}

impl Default for CountingWaker {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs `future` to its end on a new current-thread tokio runtime with all drivers.
///
/// # Panics
/// When the runtime can't be made, or when `future` panics.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    run(&mut tokio::runtime::Builder::new_current_thread(), future)
}

/// Runs `future` to its end on a new tokio runtime with `threads` worker threads.
///
/// # Panics
/// As [`block_on`], and for 0 threads.
#[track_caller]
pub fn block_on_threads<F: Future>(threads: usize, future: F) -> F::Output {
    run(
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads),
        future,
    )
}

/// Runs `future` on a runtime with all drivers.
#[track_caller]
pub(crate) fn run<F: Future>(builder: &mut tokio::runtime::Builder, future: F) -> F::Output {
    match builder.enable_all().build() {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => panic!("no tokio runtime: {error}"),
    }
}

/// Runs `future` to its end on this thread, without any runtime.
pub fn block_on_std<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

/// Lets the other tasks of a current-thread runtime run until none of them can, or for 64 turns.
///
/// It says nothing on a multi-thread runtime; wait there for what should happen, with a [`Gate`](crate::Gate) or one of the counters.
pub async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn ready_and_pending_are_told_apart() {
        assert_eq!(assert_future_is_ready_on_first_poll(ready(7)), 7);
        assert!(catch_unwind(|| assert_future_is_ready_on_first_poll(pending::<()>())).is_err());
        drop(assert_future_is_pending(pending::<()>()));
        assert!(catch_unwind(|| assert_future_is_pending(ready(7))).is_err());
    }

    #[test]
    fn futures_run_with_and_without_a_runtime() {
        let across_threads = || async {
            let gate = crate::Gate::closed();
            let thread = std::thread::spawn({
                let gate = gate.clone();
                move || gate.open()
            });
            gate.pass().await;
            thread.join().unwrap();
            7
        };
        assert_eq!(block_on(across_threads()), 7);
        assert_eq!(block_on_threads(2, across_threads()), 7);
        assert_eq!(block_on_std(across_threads()), 7);
    }
}
