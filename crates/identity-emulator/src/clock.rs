//! The emulator's clock: what token times, secret expiry and clock delays go by.

mod seam;

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};
use std::{fmt, future};

use jiff::Timestamp;
use jiff::tz::Offset;
use tokio::sync::Notify;

/// A clock that tests can move. Clones share one time.
///
/// It has two readings: *wall* time, which stamps tokens and may jump either way, and *elapsed* time, which waits go
/// by and never goes back. It runs with the machine's clock by default and stands still when
/// [frozen](EmulatorClock::freeze), so that a test sees exact times. It is an
/// [`identity_base::seam::Clock`] too, so that a credential under test can share it.
///
/// ```
/// use std::time::Duration;
/// use identity_emulator::EmulatorClock;
///
/// let clock = EmulatorClock::frozen_at(std::time::SystemTime::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.unix_seconds(), 3600);
/// clock.set_wall(std::time::SystemTime::UNIX_EPOCH);
/// assert_eq!((clock.unix_seconds(), clock.elapsed().as_secs()), (0, 3600));
/// ```
#[derive(Clone)]
pub struct EmulatorClock(Arc<Inner>);

struct Inner {
    origin: Instant,
    state: Mutex<State>,
    moved: Notify,
}

#[derive(Clone, Copy)]
struct State {
    /// Wall time less elapsed time, in nanoseconds since 1970.
    wall_base: i128,
    /// Elapsed time less what really passed while running.
    added: Duration,
    /// Real time since `origin` at which the clock stopped, or `None` while it runs.
    frozen: Option<Duration>,
    /// Real time that passed while the clock stood still.
    skipped: Duration,
    initial_wall: i128,
}

impl EmulatorClock {
    /// A clock that runs from the present time.
    pub fn running() -> Self {
        Self::new(real_wall(), false)
    }

    /// A clock that stands at `wall` until it is moved.
    pub fn frozen_at(wall: SystemTime) -> Self {
        Self::new(wall, true)
    }

    fn new(wall: SystemTime, frozen: bool) -> Self {
        let wall_base = to_nanos(wall);
        let state = State {
            wall_base,
            added: Duration::ZERO,
            frozen: frozen.then_some(Duration::ZERO),
            skipped: Duration::ZERO,
            initial_wall: wall_base,
        };
        Self(Arc::new(Inner {
            origin: real_instant(),
            state: Mutex::new(state),
            moved: Notify::new(),
        }))
    }

    /// The time of day. It is clamped to what `SystemTime` can hold.
    pub fn wall(&self) -> SystemTime {
        from_nanos(self.wall_nanos())
    }

    /// The time of day in whole seconds since 1970, rounded down.
    pub fn unix_seconds(&self) -> i64 {
        let wall = self.wall_nanos().div_euclid(1_000_000_000);
        i64::try_from(wall).unwrap_or(if wall < 0 { i64::MIN } else { i64::MAX })
    }

    /// Time since the clock was made.
    pub fn elapsed(&self) -> Duration {
        self.read(|state, real| state.elapsed(real))
    }

    /// Moves both readings forward and wakes whoever waited for that.
    pub fn advance(&self, by: Duration) {
        self.change(|state, _| state.added = state.added.saturating_add(by));
    }

    /// Moves elapsed time forward and leaves the time of day: a machine that wakes up with its clock set back.
    pub fn advance_elapsed(&self, by: Duration) {
        self.change(|state, _| {
            state.added = state.added.saturating_add(by);
            state.wall_base = state.wall_base.saturating_sub(nanos(by));
        });
    }

    /// Sets the time of day, either way, and leaves elapsed time.
    pub fn set_wall(&self, wall: SystemTime) {
        self.change(|state, real| {
            state.wall_base = to_nanos(wall).saturating_sub(nanos(state.elapsed(real)));
        });
    }

    /// Stops the clock at its present reading.
    pub fn freeze(&self) {
        self.change(|state, real| {
            state.frozen.get_or_insert(real);
        });
    }

    /// Lets a stopped clock run on from where it stands.
    pub fn resume(&self) {
        self.change(|state, real| {
            if let Some(stopped) = state.frozen.take() {
                state.skipped = state.skipped.saturating_add(real.saturating_sub(stopped));
            }
        });
    }

    /// Whether the clock stands still.
    pub fn is_frozen(&self) -> bool {
        self.read(|state, _| state.frozen.is_some())
    }

    /// Undoes every shift of the time of day. Elapsed time never goes back.
    pub(crate) fn reset_wall(&self) {
        self.change(|state, real| {
            let lived = if state.frozen.is_some() {
                0
            } else {
                nanos(real.saturating_sub(state.skipped))
            };
            state.wall_base = state
                .initial_wall
                .saturating_add(lived)
                .saturating_sub(nanos(state.elapsed(real)));
        });
    }

    /// Waits until [`elapsed`](Self::elapsed) has reached `end`. Runs inside the emulator's own runtime.
    pub(crate) async fn wait_until(&self, end: Duration) {
        self.sleep_until(end, real_sleep).await;
    }

    /// Waits until the clock has reached `end`, with `timer` for the real waits of a running clock.
    async fn sleep_until<F: Future<Output = ()>>(&self, end: Duration, timer: impl Fn(Duration) -> F) {
        loop {
            let mut moved = pin!(self.0.moved.notified());
            moved.as_mut().enable();
            let left = end.saturating_sub(self.elapsed());
            if left.is_zero() {
                return;
            }
            if self.is_frozen() {
                moved.await;
                continue;
            }
            let mut timer = pin!(timer(left));
            future::poll_fn(|cx| match moved.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => timer.as_mut().poll(cx),
            })
            .await;
        }
    }

    /// Nanoseconds since 1970, before and after.
    fn wall_nanos(&self) -> i128 {
        self.read(|state, real| state.wall_base.saturating_add(nanos(state.elapsed(real))))
    }

    fn read<T>(&self, get: impl FnOnce(&State, Duration) -> T) -> T {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        get(&state, self.0.origin.elapsed())
    }

    fn change(&self, set: impl FnOnce(&mut State, Duration)) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        set(&mut state, self.0.origin.elapsed());
        drop(state);
        self.0.moved.notify_waiters();
    }
}

impl State {
    fn elapsed(&self, real: Duration) -> Duration {
        let lived = self.frozen.unwrap_or(real).saturating_sub(self.skipped);
        self.added.saturating_add(lived)
    }
}

impl fmt::Debug for EmulatorClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorClock")
            .field("wall", &entra_time(self.unix_seconds()))
            .field("elapsed", &self.elapsed())
            .field("frozen", &self.is_frozen())
            .finish()
    }
}

/// The form of `timestamp` in error documents, `2026-11-24 17:00:00Z`.
pub(crate) fn entra_time(unix_seconds: i64) -> String {
    format_time("%Y-%m-%d %H:%M:%SZ", unix_seconds)
}

/// The form of the `Date` header.
pub(crate) fn http_date(unix_seconds: i64) -> String {
    format_time("%a, %d %b %Y %H:%M:%S GMT", unix_seconds)
}

fn format_time(form: &str, unix_seconds: i64) -> String {
    let clamped = Timestamp::from_second(unix_seconds).unwrap_or(if unix_seconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    });
    clamped.strftime(form).to_string()
}

/// The year, month and day of the machine's clock, `days` from now.
pub(crate) fn real_date(days: i64) -> (i32, u8, u8) {
    let seconds = to_nanos(real_wall()).div_euclid(1_000_000_000);
    let shifted = i64::try_from(seconds)
        .unwrap_or_default()
        .saturating_add(days.saturating_mul(86_400));
    let date = Offset::UTC
        .to_datetime(Timestamp::from_second(shifted).unwrap_or(Timestamp::MAX))
        .date();
    (
        i32::from(date.year()),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    )
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

fn to_nanos(time: SystemTime) -> i128 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => nanos(after),
        Err(before) => -nanos(before.duration()),
    }
}

fn from_nanos(value: i128) -> SystemTime {
    let seconds = u64::try_from(value.unsigned_abs() / 1_000_000_000).unwrap_or(u64::MAX);
    let rest = u32::try_from(value.unsigned_abs() % 1_000_000_000).unwrap_or_default();
    let size = Duration::new(seconds, rest);
    let moved = if value < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(size)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(size)
    };
    moved.unwrap_or(SystemTime::UNIX_EPOCH)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the emulator's clock starts from the machine's"
)]
fn real_wall() -> SystemTime {
    SystemTime::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the emulator's clock runs with the machine's"
)]
fn real_instant() -> Instant {
    Instant::now()
}

/// A real wait, for faults whose time the client under test really feels.
#[expect(
    clippy::disallowed_methods,
    reason = "a server's real delay is what the fault is"
)]
pub(crate) async fn real_sleep(by: Duration) {
    tokio::time::sleep(by).await;
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::{Duration, SystemTime};

    use super::{EmulatorClock, entra_time, from_nanos, http_date, to_nanos};

    #[test]
    fn wall_and_elapsed_move_apart() {
        let clock = EmulatorClock::frozen_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
        clock.advance(Duration::from_secs(10));
        assert_eq!((clock.unix_seconds(), clock.elapsed().as_secs()), (1010, 10));
        clock.advance_elapsed(Duration::from_secs(5));
        assert_eq!((clock.unix_seconds(), clock.elapsed().as_secs()), (1010, 15));
        clock.set_wall(SystemTime::UNIX_EPOCH);
        assert_eq!((clock.unix_seconds(), clock.elapsed().as_secs()), (0, 15));
        clock.reset_wall();
        assert_eq!((clock.unix_seconds(), clock.elapsed().as_secs()), (1000, 15));
    }

    #[test]
    fn a_resumed_clock_goes_on_from_where_it_stood() {
        let clock = EmulatorClock::frozen_at(SystemTime::UNIX_EPOCH);
        let before = clock.elapsed();
        clock.resume();
        assert!(!clock.is_frozen());
        assert!(clock.elapsed() >= before);
        clock.freeze();
        let stopped = clock.wall();
        assert_eq!(clock.wall(), stopped);
    }

    #[test]
    fn a_sleeper_wakes_when_the_clock_is_moved_far_enough() {
        let clock = EmulatorClock::frozen_at(SystemTime::UNIX_EPOCH);
        let mut sleep = pin!(clock.wait_until(Duration::from_secs(10)));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        clock.advance(Duration::from_secs(9));
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn times_are_written_as_entra_and_http_write_them() {
        assert_eq!(entra_time(1_700_000_000), "2023-11-14 22:13:20Z");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert!(
            entra_time(i64::MAX).starts_with("9999-12-30"),
            "{}",
            entra_time(i64::MAX)
        );
    }

    #[test]
    fn times_before_1970_survive_the_round_trip() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1500);
        assert_eq!(from_nanos(to_nanos(before)), before);
        assert_eq!(EmulatorClock::frozen_at(before).unix_seconds(), -2);
    }
}
