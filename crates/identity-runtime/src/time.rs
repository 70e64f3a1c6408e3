//! Deadlines on the clock seam.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use identity_base::seam::Clock;

/// Runs `future` for at most `limit` on `clock`; `None` when the time is over, and the future is dropped then.
///
/// The future is polled before the clock, so one that is ready wins even over a limit of zero.
pub async fn timeout<F: Future>(clock: &dyn Clock, limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut sleep = None;
    poll_fn(move |context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        // Made late, so that a future that is ready at once costs no timer.
        sleep
            .get_or_insert_with(|| clock.sleep(limit))
            .as_mut()
            .poll(context)
            .map(|()| None)
    })
    .await
}
