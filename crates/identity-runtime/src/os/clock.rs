//! The system's clocks.

use std::time::Duration;

use identity_base::BoxFuture;
use identity_base::seam::{Clock, Now};
use tokio::runtime::Handle;

use super::off_thread::off_thread;

#[cfg(any(target_os = "linux", target_os = "android"))]
use coarse::Clocks;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use precise::Clocks;

/// The system's clocks.
///
/// On Linux the coarse ones are read, which costs a few nanoseconds and is exact to some 4 ms; time that the machine was suspended counts. Elsewhere the
/// standard library's clocks are read.
#[derive(Debug, Default)]
pub struct SystemClock(Clocks);

impl SystemClock {
    /// The system's clocks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Now {
        self.0.now()
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[inline]
    fn tick(&self) -> u64 {
        coarse::tick()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(sleep(duration))
    }
}

/// Waits by the runtime's timer; on a thread where there is none.
#[expect(clippy::disallowed_methods, reason = "this is the seam's real implementation")]
async fn sleep(duration: Duration) {
    // tokio has no question for it: making a timer panics in a runtime that was built without them.
    let timer = Handle::try_current()
        .ok()
        .and_then(|_| std::panic::catch_unwind(|| tokio::time::sleep(duration)).ok());
    match timer {
        Some(timer) => timer.await,
        None => drop(
            off_thread(move || {
                std::thread::sleep(duration);
                Ok(())
            })
            .await,
        ),
    }
}

/// Linux: the kernel's coarse clocks.
///
/// The one clock that goes on in suspend has no coarse reading, and a precise one costs as much as the whole rest of a cache hit. So the monotonic clock is
/// read, and the time spent in suspend is added. That sum is measured anew when the wall clock moved against the monotonic one, as it does in suspend, and at
/// the latest after a second.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod coarse {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use identity_base::seam::Now;
    use rustix::time::{ClockId, clock_gettime};

    /// The suspended time is measured at least so often, in milliseconds.
    const MEASURE_AFTER: u64 = 1_000;
    /// How far, in milliseconds, the wall clock may move against the monotonic one before the suspended time is measured. Slewing stays below.
    const DRIFT: u64 = 500;

    #[derive(Debug, Default)]
    pub(super) struct Clocks {
        /// Milliseconds spent in suspend since boot. Only ever grows.
        suspended: AtomicU64,
        /// Until when on the monotonic clock the measurement holds.
        measured_until: AtomicU64,
        /// Wall clock minus monotonic clock at the measurement.
        offset: AtomicI64,
    }

    impl Clocks {
        #[inline]
        pub(super) fn now(&self) -> Now {
            let wall = millis(ClockId::RealtimeCoarse);
            let monotonic = millis(ClockId::MonotonicCoarse);
            let drift = wall
                .wrapping_sub(monotonic)
                .wrapping_sub(self.offset.load(Ordering::Relaxed))
                .unsigned_abs();
            let monotonic = monotonic.unsigned_abs();
            if monotonic >= self.measured_until.load(Ordering::Relaxed) || drift > DRIFT {
                self.measure(wall, monotonic);
            }
            Now {
                wall,
                elapsed: monotonic.wrapping_add(self.suspended.load(Ordering::Relaxed)),
            }
        }

        #[cold]
        fn measure(&self, wall: i64, monotonic: u64) {
            // Both precise: the difference of a coarse and a precise reading would be off by a tick.
            let precise = millis(ClockId::Monotonic);
            let boot = millis(ClockId::Boottime);
            let suspended = boot.saturating_sub(precise).max(0).unsigned_abs();
            self.suspended.fetch_max(suspended, Ordering::Relaxed);
            self.offset.store(
                wall.wrapping_sub(i64::try_from(monotonic).unwrap_or(i64::MAX)),
                Ordering::Relaxed,
            );
            self.measured_until
                .store(monotonic.saturating_add(MEASURE_AFTER), Ordering::Relaxed);
        }
    }

    /// The coarse wall clock as it is: while it stands, the other one has not gone on by more than one of its ticks.
    #[inline]
    pub(super) fn tick() -> u64 {
        let time = clock_gettime(ClockId::RealtimeCoarse);
        time.tv_sec.cast_unsigned().rotate_left(30) ^ time.tv_nsec.cast_unsigned()
    }

    #[inline]
    fn millis(clock: ClockId) -> i64 {
        let time = clock_gettime(clock);
        time.tv_sec
            .wrapping_mul(1_000)
            .wrapping_add(time.tv_nsec / 1_000_000)
    }
}

/// Elsewhere: the standard library's clocks. Whether `Instant` counts suspended time is the platform's choice; the wall clock ends tokens as well.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod precise {
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    use identity_base::seam::Now;

    #[derive(Debug)]
    pub(super) struct Clocks {
        origin: Instant,
    }

    impl Default for Clocks {
        #[expect(clippy::disallowed_methods, reason = "this is the seam's real implementation")]
        fn default() -> Self {
            Self {
                origin: Instant::now(),
            }
        }
    }

    impl Clocks {
        #[expect(clippy::disallowed_methods, reason = "this is the seam's real implementation")]
        pub(super) fn now(&self) -> Now {
            let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
                Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
            };
            let elapsed = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
            Now { wall, elapsed }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the system's clock is what this is compared with"
    )]
    fn the_wall_clock_is_the_systems() {
        for now in [SystemClock::new().now(), precise::Clocks::default().now()] {
            let off = std::time::SystemTime::now()
                .duration_since(now.system_time())
                .unwrap_or_else(|error| error.duration());
            assert!(off < Duration::from_secs(1), "{off:?}");
        }
    }

    #[test]
    fn elapsed_time_never_goes_back() {
        let (clock, other) = (SystemClock::new(), precise::Clocks::default());
        let (mut last, mut last_other) = (clock.now().elapsed, 0);
        for _ in 0..100_000 {
            let (now, now_other) = (clock.now().elapsed, other.now().elapsed);
            assert!(now >= last && now_other >= last_other);
            (last, last_other) = (now, now_other);
        }
    }

    #[test]
    fn while_the_tick_stands_the_time_stands() {
        let clock = SystemClock::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (tick, before) = (clock.tick(), clock.now());
        runtime.block_on(clock.sleep(Duration::from_millis(30)));
        assert_ne!(clock.tick(), tick);
        assert_ne!(clock.now(), before);
        let stands = (0..1000)
            .map(|_| (clock.tick(), clock.now().elapsed, clock.tick()))
            .filter(|(a, _, b)| a == b);
        let elapsed: std::collections::HashSet<u64> = stands.map(|(_, elapsed, _)| elapsed).collect();
        assert!(
            elapsed.len() < 100,
            "a thousand readings lie within a few ticks: {elapsed:?}"
        );
    }

    #[test]
    fn a_sleep_needs_neither_timers_nor_a_runtime() {
        let clock = SystemClock::new();
        let without_timers = tokio::runtime::Builder::new_current_thread().build().unwrap();
        without_timers.block_on(clock.sleep(Duration::from_millis(1)));
        let mut sleep = clock.sleep(Duration::from_millis(1));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        while sleep.as_mut().poll(&mut context).is_pending() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn elapsed_time_counts_what_a_sleep_takes() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let clock = SystemClock::new();
        let before = clock.now();
        runtime.block_on(clock.sleep(Duration::from_millis(30)));
        assert!(
            clock.now().since(before) >= Duration::from_millis(20),
            "coarse by a tick or two"
        );
    }
}
