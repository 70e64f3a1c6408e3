//! The emulator's clock as the clock of the credentials under test.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use std::{future, thread};

use identity_base::BoxFuture;
use identity_base::seam::{Clock, Now};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{EmulatorClock, real_sleep};

impl Clock for EmulatorClock {
    fn now(&self) -> Now {
        let wall = self.wall_nanos().div_euclid(1_000_000);
        Now {
            wall: i64::try_from(wall).unwrap_or(if wall < 0 { i64::MIN } else { i64::MAX }),
            elapsed: u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Ends when so much has elapsed, be it by itself or because somebody advanced the clock. A frozen clock has to be
    /// advanced.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        // Counted from the call, not from the first poll.
        let end = clock.elapsed().saturating_add(duration);
        Box::pin(async move { clock.sleep_until(end, wait_anywhere).await })
    }
}

/// A real wait on whatever runs this: a tokio runtime, or a thread where there is none.
async fn wait_anywhere(by: Duration) {
    if Handle::try_current().is_ok() {
        return real_sleep(by).await;
    }
    let (wake, woken) = oneshot::channel::<()>();
    let spawned = thread::Builder::new()
        .name("emulator-clock".to_owned())
        .spawn(move || {
            thread_sleep(by);
            drop(wake);
        });
    if spawned.is_ok() {
        let _dropped = woken.await;
    } else {
        yield_once().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a thread of its own, made to wait")]
fn thread_sleep(by: Duration) {
    thread::sleep(by);
}

/// Lets others run, where no thread can be had to wait on.
async fn yield_once() {
    let mut yielded = false;
    let again = future::poll_fn(move |cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    pin!(again).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};
    use std::time::{Duration, SystemTime};

    use identity_base::seam::Clock;
    use tokio::runtime::Builder;

    use crate::EmulatorClock;

    #[test]
    fn both_readings_are_handed_on() {
        let clock = EmulatorClock::frozen_at(SystemTime::UNIX_EPOCH + Duration::from_millis(1500));
        clock.advance(Duration::from_millis(20));
        assert_eq!((clock.now().wall, clock.now().elapsed), (1520, 20));
        clock.set_wall(SystemTime::UNIX_EPOCH - Duration::from_millis(3));
        assert_eq!((clock.now().wall, clock.now().elapsed), (-3, 20));
    }

    #[test]
    fn advancing_wakes_sleepers_through_the_seam() {
        let clock = EmulatorClock::frozen_at(SystemTime::UNIX_EPOCH);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let mut sleep = shared.sleep(Duration::from_secs(5));
        clock.advance(Duration::from_secs(4));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn a_running_clock_wakes_by_itself_with_and_without_a_runtime() {
        let clock = EmulatorClock::running();
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(clock.sleep(Duration::from_millis(5)));
        let handle = std::thread::spawn({
            let clock = clock.clone();
            move || {
                let mut sleep = clock.sleep(Duration::from_millis(5));
                let unpark = Arc::new(Unpark(std::thread::current()));
                let waker = Waker::from(unpark);
                let mut cx = Context::from_waker(&waker);
                while sleep.as_mut().poll(&mut cx).is_pending() {
                    std::thread::park();
                }
            }
        });
        handle.join().unwrap();
        assert!(clock.elapsed() >= Duration::from_millis(10));
    }

    struct Unpark(std::thread::Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
}
