//! Calls on threads of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::future::{Either, select};
use identity_base::seam::Clock;
use tokio::sync::oneshot;

use super::Backend;
use super::breaker::Breaker;
use crate::store::{StoreError, StoreErrorKind};

/// The longest that a call is waited for.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(5);
/// The most calls that may hang at once.
const MAX_THREADS: usize = 2;

/// A keyring, with what is known of its behaviour. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Keyring {
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    breaker: Arc<Breaker>,
    threads: Arc<AtomicUsize>,
}

impl Keyring {
    #[cfg(any(test, all(feature = "keyring", any(target_os = "linux", target_os = "macos"))))]
    pub(crate) fn new(backend: Arc<dyn Backend>, clock: Arc<dyn Clock>) -> Self {
        Self {
            backend,
            clock,
            breaker: Arc::default(),
            threads: Arc::default(),
        }
    }

    /// Whether a call would be made.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.breaker.failure(self.clock.now()) {
            Some(why) => Err(failed(why)),
            None => Ok(()),
        }
    }

    /// Makes a call, and waits for it for [`CALL_LIMIT`] at most.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Backend) -> Result<T, String> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.check()?;
        let outcome = match self.start(work) {
            Ok(answer) => match select(answer, self.clock.sleep(CALL_LIMIT)).await {
                Either::Left((Ok(outcome), _)) => outcome,
                Either::Left((Err(_), _)) => Err("the call panicked".to_owned()),
                Either::Right(_) => Err(format!("it did not answer within {} s", CALL_LIMIT.as_secs())),
            },
            Err(why) => Err(why),
        };
        match outcome {
            Ok(value) => {
                self.breaker.went_well();
                Ok(value)
            }
            Err(why) => {
                self.breaker.failed(self.clock.now(), &why);
                Err(failed(why))
            }
        }
    }

    /// Starts a call on a thread that nobody joins: it may never come back.
    fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Backend) -> Result<T, String> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, String>>, String> {
        let slot = Slot::take(&self.threads).ok_or("earlier calls have not come back yet")?;
        let (done, answer) = oneshot::channel();
        let backend = Arc::clone(&self.backend);
        thread::Builder::new()
            .name("identity-keyring".to_owned())
            .spawn(move || {
                let outcome = work(&*backend);
                drop(slot);
                // Nobody may be waiting any more.
                drop(done.send(outcome));
            })
            .map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(answer)
    }
}

/// One of the threads that may be.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(threads: &Arc<AtomicUsize>) -> Option<Self> {
        threads
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < MAX_THREADS).then_some(count + 1)
            })
            .ok()
            .map(|_| Self(Arc::clone(threads)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn failed(why: impl std::fmt::Display) -> StoreError {
    StoreError::new(
        StoreErrorKind::Unavailable,
        format!("the keyring can't be used: {why}"),
    )
}
