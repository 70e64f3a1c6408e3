//! A test under the guard, in one line.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tracing::dispatcher;

use super::{LeakGuard, panics, report};
use crate::TestClock;

/// Runs a test on a current-thread tokio runtime under a new guard, and checks whether it succeeds or panics.
///
/// ```
/// use identity_testkit::leak_guard;
/// leak_guard::run(async |guard| {
///     let password = guard.secret("password");
///     guard.check(&password);
/// });
/// ```
///
/// # Panics
/// When the test does, or when a secret leaked.
#[track_caller]
pub fn run<T>(test: impl AsyncFnOnce(LeakGuard) -> T) -> T {
    run_sync(|guard| crate::block_on(test(guard)))
}

/// The same on a tokio runtime with `threads` worker threads.
///
/// # Panics
/// As [`run`], and for 0 threads.
#[track_caller]
pub fn run_threads<T>(threads: usize, test: impl AsyncFnOnce(LeakGuard) -> T) -> T {
    run_sync(|guard| {
        let dispatch = guard.dispatch();
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        // The thread keeps its subscriber for as long as it lives, and it lives as long as this runtime.
        let install = move || std::mem::forget(dispatcher::set_default(&dispatch));
        crate::poll::run(
            builder.worker_threads(threads).on_thread_start(install),
            test(guard),
        )
    })
}

/// The same on a current-thread tokio runtime whose time is that of `clock` and passes by itself: see [`TestClock::block_on`].
///
/// # Panics
/// As [`run`].
#[track_caller]
pub fn run_virtual<T>(clock: &TestClock, test: impl AsyncFnOnce(LeakGuard) -> T) -> T {
    run_sync(|guard| clock.block_on(test(guard)))
}

/// The same without a runtime.
///
/// # Panics
/// As [`run`].
#[track_caller]
pub fn run_sync<T>(test: impl FnOnce(LeakGuard) -> T) -> T {
    let guard = LeakGuard::new();
    let outcome = dispatcher::with_default(&guard.dispatch(), || {
        catch_unwind(AssertUnwindSafe(|| test(guard.clone())))
    });
    match outcome {
        Ok(output) => {
            guard.finish();
            output
        }
        Err(panic) => {
            let hits = guard.take_hits();
            if hits.is_empty() {
                resume_unwind(panic);
            }
            let text = guard.masked(panics::text(&*panic));
            panic!("{}\nand the test itself failed: {text}", report::Report(&hits));
        }
    }
}
