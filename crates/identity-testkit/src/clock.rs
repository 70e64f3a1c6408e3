//! A clock that moves only when the test says so.

mod sleep;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use identity_base::BoxFuture;
use identity_base::seam::{Clock, Now};

use crate::watched::Watched;
use sleep::Sleep;

/// Where the wall clock stands at first: 2026-01-01T00:00:00Z, in milliseconds since the epoch.
const START_WALL: i64 = 1_767_225_600_000;
/// Where the other clock stands at first. Far from 0 and from the wall clock, so that mixing the two up shows.
const START_ELAPSED: u64 = 5_000_000;

/// A virtual [`Clock`]: it stands still until it is moved. Clones are the same clock.
///
/// Wall time and elapsed time move together with [`advance`](Self::advance) and apart with [`jump_wall`](Self::jump_wall) and
/// [`jump_elapsed`](Self::jump_elapsed). Sleeps go by elapsed time, as with the real clock. It works on any runtime and without one.
///
/// A test never sleeps: it waits until the code under test does, then moves the time.
///
/// ```
/// use std::time::Duration;
/// use identity_base::seam::Clock;
/// use identity_testkit::{TestClock, block_on};
///
/// let clock = TestClock::new();
/// block_on(async {
///     let retry = tokio::spawn({ let clock = clock.clone(); async move { clock.sleep(Duration::from_secs(30)).await } });
///     clock.sleepers(1).await;
///     clock.advance(Duration::from_secs(30));
///     retry.await.unwrap();
/// });
/// ```
///
/// Where the waits themselves don't matter, [`TestClock::block_on`] moves the time by itself whenever everything waits.
#[derive(Clone)]
pub struct TestClock(Arc<Watched<Time>>);

/// The time, and who waits for it.
struct Time {
    wall: i64,
    elapsed: u64,
    next_id: u64,
    /// By deadline, then in the order of their first poll.
    sleepers: BTreeMap<Key, Waker>,
    /// Every sleep that was begun, in order.
    begun: Vec<Duration>,
}

/// The deadline in elapsed milliseconds, and a number of its own.
type Key = (u64, u64);

impl TestClock {
    /// A clock that stands at 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        Self::at_millis(START_WALL)
    }

    /// A clock that stands at `wall`, in whole milliseconds.
    #[must_use]
    pub fn at(wall: SystemTime) -> Self {
        Self::at_millis(to_millis(wall))
    }

    fn at_millis(wall: i64) -> Self {
        Self(Arc::new(Watched::new(Time {
            wall,
            elapsed: START_ELAPSED,
            next_id: 0,
            sleepers: BTreeMap::new(),
            begun: Vec::new(),
        })))
    }

    /// Lets time pass on both clocks and wakes the sleepers that are due, the earliest deadline first.
    ///
    /// The woken tasks run when they are next polled, so all of them see the time after the whole step. To let code that sleeps several
    /// times run through its sleeps at the right times, use [`run_for`](Self::run_for).
    pub fn advance(&self, by: Duration) {
        self.shift(millis(by), millis(by));
    }

    /// Sets the wall clock forward, or back for a negative number of milliseconds, as an operator or NTP would. No sleeper notices.
    pub fn jump_wall(&self, by_millis: i64) {
        self.0
            .change(|time| time.wall = time.wall.saturating_add(by_millis));
    }

    /// Sets the wall clock. No sleeper notices.
    pub fn set_wall(&self, wall: SystemTime) {
        self.0.change(|time| time.wall = to_millis(wall));
    }

    /// Lets time pass on the clock that can't be set, while the wall clock stands: a machine that was suspended and whose wall clock is behind.
    /// Sleepers that are due are woken.
    pub fn jump_elapsed(&self, by: Duration) {
        self.shift(0, millis(by));
    }

    /// Advances to the earliest deadline of a sleeper, and says by how much; `None` when nobody sleeps.
    pub fn advance_to_next_sleeper(&self) -> Option<Duration> {
        let next = self.next_deadline()?;
        self.advance(next);
        Some(next)
    }

    /// Lets `by` pass in steps, one for each deadline on the way, and lets the other tasks of a **current-thread** runtime run after each: code
    /// that sleeps again and again wakes at the right times.
    pub async fn run_for(&self, by: Duration) {
        let end = self.now().elapsed.saturating_add(millis(by));
        loop {
            crate::poll::settle().await;
            let left = end.saturating_sub(self.now().elapsed);
            match self.next_deadline() {
                Some(next) if millis(next) <= left => self.advance(next),
                _ => break self.advance(Duration::from_millis(left)),
            }
        }
        crate::poll::settle().await;
    }

    /// Waits until at least `count` futures sleep on this clock. They count from their first poll until they are woken or dropped.
    pub async fn sleepers(&self, count: usize) {
        self.0.until(|time| time.sleepers.len() >= count).await;
    }

    /// Waits until `count` sleeps were begun on this clock since it was made, zero-length ones included.
    pub async fn sleeps_begun(&self, count: usize) {
        self.0.until(|time| time.begun.len() >= count).await;
    }

    /// How many futures sleep on this clock now.
    #[must_use]
    pub fn sleeping(&self) -> usize {
        self.0.read(|time| time.sleepers.len())
    }

    /// The length of every sleep that was begun (polled for the first time), in order: the waits of a retry loop, for example.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        self.0.read(|time| time.begun.clone())
    }

    /// How long the sleeper that is due first still has to wait; `None` when nobody sleeps.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.0.read(|time| {
            let ((deadline, _), _) = time.sleepers.first_key_value()?;
            Some(Duration::from_millis(deadline.saturating_sub(time.elapsed)))
        })
    }

    /// The wall time.
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        self.now().system_time()
    }

    /// Runs `future` on a new current-thread tokio runtime on which time passes by itself: whenever all tasks wait, it advances to the earliest
    /// deadline. A whole retry loop takes no real time then.
    ///
    /// Work on other threads (`spawn_blocking`, sockets) is not seen, so time may run ahead of it: use this with faked seams only. When everything
    /// waits for something that never comes and nobody sleeps, it hangs as any runtime would.
    ///
    /// # Panics
    /// When the runtime can't be made, or when `future` panics.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let clock = self.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || {
                clock.advance_to_next_sleeper();
            })
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(future),
            Err(error) => panic!("no tokio runtime: {error}"),
        }
    }

    fn shift(&self, wall: u64, elapsed: u64) {
        let due = self.0.change(|time| {
            time.wall = time.wall.saturating_add_unsigned(wall);
            time.elapsed = time.elapsed.saturating_add(elapsed);
            // The first key that is not due yet; the map is sorted, so what stays behind is due, in order.
            let later = time.sleepers.split_off(&(time.elapsed.saturating_add(1), 0));
            std::mem::replace(&mut time.sleepers, later)
        });
        due.into_values().for_each(Waker::wake);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        self.0.read(|time| Now {
            wall: time.wall,
            elapsed: time.elapsed,
        })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Sleep::new(Arc::clone(&self.0), duration))
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.read(|time| {
            f.debug_struct("TestClock")
                .field("wall", &time.wall)
                .field("elapsed", &time.elapsed)
                .field("sleepers", &time.sleepers.len())
                .finish()
        })
    }
}

/// Whole milliseconds, rounded up: a sleep is never shorter than asked for.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
    }
}
