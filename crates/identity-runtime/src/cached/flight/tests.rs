//! What a flight does with other people's wakers.

use super::*;

/// Lands nothing.
struct Nowhere;

impl Landing for Nowhere {
    fn land(&self, _: &Arc<Flight>, result: Result<Fetched, Error>) -> Result<AccessToken, Error> {
        Err(result.err().unwrap_or_else(runtime_gone))
    }

    fn abandon(&self, _: &Arc<Flight>) {}
}

/// An executor's task: it owns its future, and its waker owns it.
#[derive(Default)]
struct Task(Mutex<Option<Waiter>>);

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

fn owning(waiter: Waiter) -> Waker {
    let task = Arc::new(Task::default());
    *task.0.lock().unwrap() = Some(waiter);
    Waker::from(task)
}

#[test]
fn a_waker_whose_end_ends_another_waiter_locks_nothing_up() {
    let (ended, end) = std::sync::mpsc::channel();
    let work = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let policy = FetchPolicy::new();
        let flight = Flight::new(
            0,
            handle,
            false,
            policy,
            Arc::new(Nowhere),
            Box::pin(std::future::pending()),
        );
        let (mut moved, mut left) = (flight.join(), flight.join());
        for waiter in [&mut moved, &mut left] {
            let last = owning(flight.join());
            assert!(
                Pin::new(waiter)
                    .poll(&mut Context::from_waker(&last))
                    .is_pending()
            );
        }
        // The one is polled by somebody else now, the other one ends: with their wakers go waiters of the same flight.
        assert!(
            Pin::new(&mut moved)
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        drop(left);
        assert_eq!(lock(&flight.shared).waiters.len(), 1);
        flight.cancel(runtime_gone());
        ended.send(()).unwrap();
    });
    end.recv_timeout(Duration::from_secs(10)).expect("nothing hangs");
    work.join().unwrap();
}

/// Panics, as a clock or an observer might.
struct Panics;

impl Landing for Panics {
    fn land(&self, _: &Arc<Flight>, _: Result<Fetched, Error>) -> Result<AccessToken, Error> {
        panic!("planted")
    }

    fn abandon(&self, _: &Arc<Flight>) {
        panic!("planted")
    }
}

#[test]
fn a_landing_that_panics_is_an_error_for_all_waiters() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let flight = Flight::new(
        0,
        runtime.handle().clone(),
        false,
        FetchPolicy::new(),
        Arc::new(Panics),
        Box::pin(std::future::ready(Err(runtime_gone()))),
    );
    for waiter in [flight.join(), flight.join()] {
        match runtime.block_on(waiter) {
            Outcome::Done(Err(error)) => assert_eq!(error.kind(), ErrorKind::Internal),
            other => panic!("{other:?}"),
        }
    }
}
