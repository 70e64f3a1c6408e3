//! Blocking work, away from the async threads.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Runs `work` where it may block: on the runtime's blocking pool, or on a thread of its own when there is no runtime.
///
/// Once begun, the work runs to its end, also when the future is dropped.
pub(crate) async fn off_thread<T, W>(work: W) -> io::Result<T>
where
    T: Send + 'static,
    W: FnOnce() -> io::Result<T> + Send + 'static,
{
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.map_err(io::Error::other)?,
        Err(_) => own_thread(work).await,
    }
}

/// Runs `work` on a thread of its own.
fn own_thread<T, W>(work: W) -> impl Future<Output = io::Result<T>>
where
    T: Send + 'static,
    W: FnOnce() -> io::Result<T> + Send + 'static,
{
    let (done, result) = oneshot::channel();
    let started = thread::Builder::new()
        .name("identity-blocking".to_owned())
        .spawn(move || {
            // Nobody may be waiting any more.
            drop(done.send(work()));
        });
    async move {
        started?;
        result
            .await
            .map_err(|_| io::Error::other("the blocking work panicked"))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn work_runs_inside_and_outside_a_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(off_thread(|| Ok(7))).unwrap(), 7);

        let mut future = std::pin::pin!(off_thread(|| Ok(thread::current().name().map(str::to_owned))));
        let name = loop {
            match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(name) => break name.unwrap(),
                Poll::Pending => thread::yield_now(),
            }
        };
        assert_eq!(name.as_deref(), Some("identity-blocking"));
    }

    #[test]
    fn a_panic_of_the_work_is_an_error() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(
            runtime
                .block_on(off_thread(|| -> io::Result<()> { panic!("planted") }))
                .is_err()
        );
    }
}
