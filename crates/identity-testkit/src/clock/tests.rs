//! Tests of the virtual clock: if it is wrong, no other test means anything.

use std::sync::Mutex;

use super::*;
use crate::poll::{CountingWaker, PollOnce as _, block_on, block_on_std, block_on_threads};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn time_stands_still_until_it_is_moved() {
    let clock = TestClock::new();
    let first = clock.now();
    assert_eq!(clock.now(), first);
    clock.advance(Duration::from_millis(1500));
    assert_eq!(
        clock.now(),
        Now {
            wall: first.wall + 1500,
            elapsed: first.elapsed + 1500
        }
    );
    assert_eq!(clock.now().since(first), Duration::from_millis(1500));
}

#[test]
fn the_two_clocks_move_apart() {
    let clock = TestClock::at(UNIX_EPOCH + Duration::from_secs(100));
    let first = clock.now();
    assert_eq!(first.wall, 100_000);
    clock.jump_wall(-200_000);
    assert_eq!(
        clock.now(),
        Now {
            wall: -100_000,
            elapsed: first.elapsed
        }
    );
    clock.jump_elapsed(SECOND);
    assert_eq!(
        clock.now(),
        Now {
            wall: -100_000,
            elapsed: first.elapsed + 1000
        }
    );
    clock.set_wall(UNIX_EPOCH);
    assert_eq!((clock.now().wall, clock.wall()), (0, UNIX_EPOCH));
}

#[test]
fn a_sleep_ends_at_its_deadline_and_not_before() {
    let clock = TestClock::new();
    let mut sleep = clock.sleep(SECOND);
    assert!(sleep.poll_once().is_pending());
    clock.advance(Duration::from_millis(999));
    assert!(sleep.poll_once().is_pending());
    clock.advance(Duration::from_millis(1));
    assert!(sleep.poll_once().is_ready());
    assert_eq!(clock.sleeping(), 0);
    assert_eq!(clock.sleeps(), [SECOND]);
}

#[test]
fn a_sleep_counts_from_the_call_and_is_a_sleeper_from_the_first_poll() {
    let clock = TestClock::new();
    let mut sleep = clock.sleep(SECOND);
    assert_eq!(clock.sleeping(), 0);
    clock.advance(SECOND);
    assert!(sleep.poll_once().is_ready());
}

#[test]
fn a_sleep_of_nothing_is_ready_and_a_part_of_a_millisecond_is_not() {
    let clock = TestClock::new();
    assert!(clock.sleep(Duration::ZERO).poll_once().is_ready());
    let mut short = clock.sleep(Duration::from_micros(1));
    assert!(short.poll_once().is_pending());
    clock.advance(Duration::from_millis(1));
    assert!(short.poll_once().is_ready());
}

#[test]
fn the_wall_clock_wakes_nobody_and_the_other_does() {
    let clock = TestClock::new();
    let waker = CountingWaker::new();
    let mut sleep = clock.sleep(SECOND);
    assert!(sleep.as_mut().poll(&mut waker.context()).is_pending());
    clock.jump_wall(10_000);
    assert_eq!(waker.count(), 0);
    assert!(sleep.poll_once().is_pending());
    assert!(sleep.as_mut().poll(&mut waker.context()).is_pending());
    clock.jump_elapsed(SECOND);
    assert_eq!(waker.count(), 1);
    assert!(sleep.poll_once().is_ready());
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    let clock = TestClock::new();
    let (first, second) = (CountingWaker::new(), CountingWaker::new());
    let mut sleep = clock.sleep(SECOND);
    assert!(sleep.as_mut().poll(&mut first.context()).is_pending());
    assert!(sleep.as_mut().poll(&mut second.context()).is_pending());
    clock.advance(SECOND);
    assert_eq!((first.count(), second.count()), (0, 1));
}

#[test]
fn sleepers_are_woken_in_the_order_of_their_deadlines() {
    let clock = TestClock::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    struct Note(u64, Arc<Mutex<Vec<u64>>>);
    impl std::task::Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    let mut sleeps: Vec<_> = [3, 1, 2, 1, 9]
        .map(|seconds| (seconds, clock.sleep(SECOND * seconds as u32)))
        .into();
    for (seconds, sleep) in &mut sleeps {
        let waker = Waker::from(Arc::new(Note(*seconds, Arc::clone(&order))));
        assert!(
            sleep
                .as_mut()
                .poll(&mut std::task::Context::from_waker(&waker))
                .is_pending()
        );
    }
    assert_eq!(clock.next_deadline(), Some(SECOND));
    clock.advance(SECOND * 3);
    assert_eq!(*order.lock().unwrap(), [1, 1, 2, 3]);
    assert_eq!((clock.sleeping(), clock.next_deadline()), (1, Some(SECOND * 6)));
    assert_eq!(clock.advance_to_next_sleeper(), Some(SECOND * 6));
    assert_eq!(clock.advance_to_next_sleeper(), None);
}

#[test]
fn a_dropped_sleep_is_no_sleeper() {
    let clock = TestClock::new();
    let mut sleep = clock.sleep(SECOND);
    assert!(sleep.poll_once().is_pending());
    assert_eq!(clock.sleeping(), 1);
    drop(sleep);
    assert_eq!(clock.sleeping(), 0);
}

#[test]
fn the_ends_of_the_scales_do_not_overflow() {
    let clock = TestClock::new();
    let mut forever = clock.sleep(Duration::MAX);
    assert!(forever.poll_once().is_pending());
    clock.jump_wall(i64::MAX);
    clock.advance(SECOND);
    assert_eq!(clock.now().wall, i64::MAX);
    clock.jump_wall(i64::MIN);
    clock.advance(Duration::MAX);
    assert!(forever.poll_once().is_ready());
}

/// The same on each kind of executor: wait until both sleep, advance, both end.
async fn two_sleepers(clock: TestClock, spawn: impl Fn(BoxFuture<'static, ()>)) {
    let ended = crate::Gate::closed();
    for seconds in [1, 2] {
        let (clock, ended) = (clock.clone(), ended.clone());
        spawn(Box::pin(async move {
            clock.sleep(SECOND * seconds).await;
            ended.pass().await;
        }));
    }
    clock.sleepers(2).await;
    clock.advance(SECOND);
    ended.arrivals(1).await;
    assert_eq!(clock.sleeping(), 1);
    clock.advance(SECOND);
    ended.arrivals(2).await;
    ended.open();
}

#[test]
fn it_works_on_a_current_thread_runtime() {
    block_on(two_sleepers(TestClock::new(), |task| drop(tokio::spawn(task))));
}

#[test]
fn it_works_on_a_multi_thread_runtime() {
    for _ in 0..50 {
        block_on_threads(2, two_sleepers(TestClock::new(), |task| drop(tokio::spawn(task))));
    }
}

#[test]
fn it_works_without_a_runtime() {
    block_on_std(two_sleepers(TestClock::new(), |task| {
        drop(std::thread::spawn(move || block_on_std(task)));
    }));
}

#[test]
fn run_for_stops_at_every_deadline_on_the_way() {
    let clock = TestClock::new();
    let start = clock.now();
    let seen = Arc::new(Mutex::new(Vec::new()));
    block_on(async {
        let task = tokio::spawn({
            let (clock, seen) = (clock.clone(), Arc::clone(&seen));
            async move {
                for seconds in [1, 2, 4] {
                    clock.sleep(SECOND * seconds).await;
                    seen.lock().unwrap().push(clock.now().since(start).as_secs());
                }
            }
        });
        clock.run_for(SECOND * 5).await;
        assert_eq!(*seen.lock().unwrap(), [1, 3]);
        assert_eq!(clock.now().since(start), SECOND * 5);
        clock.run_for(SECOND * 5).await;
        assert_eq!(*seen.lock().unwrap(), [1, 3, 7]);
        assert_eq!(clock.now().since(start), SECOND * 10);
        task.await.unwrap();
    });
}

#[test]
fn time_passes_by_itself_when_everything_waits() {
    let clock = TestClock::new();
    let start = clock.now();
    let ended = clock.block_on(async {
        let day = tokio::spawn(clock.sleep(SECOND * 86_400));
        clock.sleep(SECOND * 60).await;
        assert_eq!(clock.now().since(start), SECOND * 60, "only as far as needed");
        day.await.unwrap();
        clock.now()
    });
    assert_eq!(ended.since(start), SECOND * 86_400);
}
