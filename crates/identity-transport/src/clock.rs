//! The clock of a transport that was given none.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use identity_base::BoxFuture;
use identity_base::seam::{Clock, Now};

/// Tells the system's time and waits with tokio's timers.
///
/// The full clock is in `identity-runtime`, which stands above this crate; a transport that is used alone needs no more than this.
#[derive(Debug)]
pub(crate) struct TokioClock {
    start: Instant,
}

impl TokioClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is an implementation of the clock seam"
    )]
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for TokioClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is an implementation of the clock seam"
    )]
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            wall: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
            elapsed: u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is an implementation of the clock seam"
    )]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
