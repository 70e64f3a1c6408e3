//! Time, and waiting for it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::BoxFuture;

/// One reading of both clocks, in integer milliseconds.
///
/// Tokens are given an end on both; the earlier one rules. So a wall clock that is set forward may expire a token, and one that is set back never revives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a clock has to make one")]
pub struct Now {
    /// Milliseconds since the Unix epoch, as the system believes.
    pub wall: i64,
    /// Milliseconds since some fixed moment. Never goes back, and goes on while the machine is suspended where the platform offers that.
    pub elapsed: u64,
}

impl Now {
    /// The wall time.
    #[must_use]
    pub fn system_time(self) -> SystemTime {
        let distance = Duration::from_millis(self.wall.unsigned_abs());
        let time = if self.wall >= 0 {
            UNIX_EPOCH.checked_add(distance)
        } else {
            UNIX_EPOCH.checked_sub(distance)
        };
        time.unwrap_or(UNIX_EPOCH)
    }

    /// How much time has passed since `earlier`, by the clock that can't be set.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.elapsed.saturating_sub(earlier.elapsed))
    }
}

/// Tells the time and waits for it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Both clocks. May be coarse, by some milliseconds; it is called on every cache hit, so it must be quick.
    fn now(&self) -> Now;

    /// A number that differs whenever [`now`](Clock::now) differs: who asks many times within one tick of the clock compares it, instead of reading both clocks.
    ///
    /// The default is made from [`now`](Clock::now). A clock that can tell more cheaply that it hasn't moved overrides it.
    #[inline]
    fn tick(&self) -> u64 {
        let now = self.now();
        // Both readings are far below 2^50, and the multiplier is odd, so that neither hides a change of the other.
        now.wall.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ now.elapsed
    }

    /// Waits for `duration` on the clock that can't be set.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}
