//! The time limits of one attempt.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use identity_base::BoxFuture;
use identity_base::seam::{Clock, HttpError, HttpErrorKind, HttpTimeouts};

use crate::failure;

/// A part of an attempt that has a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Resolve,
    Proxy,
    Tls,
    FirstByte,
    Idle,
    Total,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "the name look-up took",
            Self::Proxy => "the proxy took",
            Self::Tls => "the TLS handshake took",
            Self::FirstByte => "the answer took",
            Self::Idle => "the pause within the answer took",
            Self::Total => "the whole attempt took",
        })
    }
}

/// A limit that passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimedOut {
    stage: Stage,
    limit: Duration,
}

impl TimedOut {
    pub(crate) fn into_error(self, request_sent: bool) -> HttpError {
        let message = format!("{} longer than {:?}", self.stage, self.limit);
        let mut error = HttpError::before_sending(HttpErrorKind::Timeout, message);
        error.request_sent = request_sent;
        error
    }
}

/// The limits of one attempt, its total running since [`Limits::start`].
pub(crate) struct Limits {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeouts: HttpTimeouts,
    total: BoxFuture<'static, ()>,
}

impl Limits {
    /// Starts the total.
    ///
    /// # Errors
    /// [`HttpErrorKind::NoRuntime`] if the runtime has no timers.
    pub(crate) fn start(clock: Arc<dyn Clock>, timeouts: HttpTimeouts) -> Result<Self, HttpError> {
        // tokio offers no way to ask whether a runtime was built with timers: making one panics if it was not. Poll it too, for clocks that make it late.
        let total = catch_unwind(AssertUnwindSafe(|| {
            let mut total = clock.sleep(timeouts.total);
            let passed = total
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready();
            // A future that is ready must not be polled again.
            if passed {
                Box::pin(std::future::ready(()))
            } else {
                total
            }
        }));
        Ok(Self {
            total: total.map_err(|_| failure::no_runtime())?,
            clock,
            timeouts,
        })
    }

    /// Waits for `future`, within this stage's limit and the total.
    pub(crate) async fn within<F: Future>(&mut self, stage: Stage, future: F) -> Result<F::Output, TimedOut> {
        let limit = self.limit(stage);
        let mut timer = (stage != Stage::Total).then(|| self.clock.sleep(limit));
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            self.poll_timers(timer.as_mut(), stage, context).map(Err)
        })
        .await
    }

    /// Waits for `future`, which reads an answer: the first byte has to come within its limit, and then no pause may be longer than the idle limit.
    /// `received` counts the bytes so far.
    pub(crate) async fn answer<F: Future>(
        &mut self,
        received: impl Fn() -> u64,
        future: F,
    ) -> Result<F::Output, TimedOut> {
        self.reading(Stage::FirstByte, received, future).await
    }

    /// The same once the answer has begun.
    pub(crate) async fn within_pauses<F: Future>(
        &mut self,
        received: impl Fn() -> u64,
        future: F,
    ) -> Result<F::Output, TimedOut> {
        self.reading(Stage::Idle, received, future).await
    }

    async fn reading<F: Future>(
        &mut self,
        mut stage: Stage,
        received: impl Fn() -> u64,
        future: F,
    ) -> Result<F::Output, TimedOut> {
        let mut timer = self.clock.sleep(self.limit(stage));
        let mut seen = received();
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            if received() != seen {
                seen = received();
                stage = Stage::Idle;
                timer = self.clock.sleep(self.limit(stage));
            }
            self.poll_timers(Some(&mut timer), stage, context).map(Err)
        })
        .await
    }

    fn poll_timers(
        &mut self,
        timer: Option<&mut BoxFuture<'static, ()>>,
        stage: Stage,
        context: &mut Context<'_>,
    ) -> Poll<TimedOut> {
        let passed = |timer: &mut BoxFuture<'static, ()>, context: &mut Context<'_>| {
            Pin::new(timer).poll(context).is_ready()
        };
        let stage = if timer.is_some_and(|timer| passed(timer, context)) {
            stage
        } else if passed(&mut self.total, context) {
            Stage::Total
        } else {
            return Poll::Pending;
        };
        Poll::Ready(TimedOut {
            stage,
            limit: self.limit(stage),
        })
    }

    fn limit(&self, stage: Stage) -> Duration {
        let limits = &self.timeouts;
        match stage {
            Stage::Resolve => limits.resolve,
            // A proxy looks the name up and connects for us.
            Stage::Proxy => limits.resolve.saturating_add(limits.connect),
            Stage::Tls => limits.tls,
            Stage::FirstByte => limits.first_byte,
            Stage::Idle => limits.idle,
            Stage::Total => limits.total,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use identity_testkit::TestClock;

    use super::*;

    fn limits(clock: &TestClock) -> Limits {
        Limits::start(Arc::new(clock.clone()), HttpTimeouts::new()).unwrap()
    }

    fn message(timed_out: Result<(), TimedOut>) -> String {
        timed_out.unwrap_err().into_error(true).message.into_owned()
    }

    #[test]
    fn each_stage_has_its_limit() {
        for (stage, seconds) in [
            (Stage::Resolve, 2),
            (Stage::Proxy, 5),
            (Stage::Tls, 4),
            (Stage::FirstByte, 8),
            (Stage::Idle, 5),
            (Stage::Total, 10),
        ] {
            let clock = TestClock::new();
            let start = clock.now();
            let mut limits = limits(&clock);
            let text = message(clock.block_on(limits.within(stage, pending())));
            assert_eq!(
                clock.now().since(start),
                Duration::from_secs(seconds),
                "{stage:?}"
            );
            assert!(text.ends_with(&format!("longer than {seconds}s")), "{text}");
        }
    }

    #[test]
    fn the_total_cuts_every_stage_and_goes_on_between_them() {
        let clock = TestClock::new();
        let start = clock.now();
        let mut limits = limits(&clock);
        let text = clock.block_on(async {
            let sleep = clock.sleep(Duration::from_secs(7));
            limits.within(Stage::FirstByte, sleep).await.unwrap();
            message(limits.within(Stage::FirstByte, pending()).await)
        });
        assert_eq!(clock.now().since(start), Duration::from_secs(10));
        assert!(text.starts_with("the whole attempt"), "{text}");
    }

    #[test]
    fn a_byte_starts_the_idle_limit() {
        let clock = TestClock::new();
        let start = clock.now();
        let mut limits = limits(&clock);
        let received = std::cell::Cell::new(0u64);
        let text = clock.block_on(async {
            let drip = async {
                clock.sleep(Duration::from_secs(1)).await;
                received.set(1);
                pending::<()>().await;
            };
            message(limits.answer(|| received.get(), drip).await)
        });
        assert_eq!(clock.now().since(start), Duration::from_secs(6));
        assert!(text.starts_with("the pause"), "{text}");
    }

    #[test]
    fn what_is_ready_is_taken_even_when_the_time_is_over() {
        let clock = TestClock::new();
        let mut limits = limits(&clock);
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.block_on(limits.within(Stage::Tls, async { 7 })).unwrap(), 7);
        let zero = Limits::start(
            Arc::new(clock.clone()),
            HttpTimeouts::new().capped(Duration::ZERO),
        );
        assert!(
            clock
                .block_on(zero.unwrap().within(Stage::Total, pending::<()>()))
                .is_err()
        );
    }
}
