//! Not asking a keyring that doesn't answer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use identity_base::seam::Now;

/// After a call that failed, the keyring is left alone for so long.
pub(crate) const PAUSE: Duration = Duration::from_secs(5 * 60);

/// Remembers the last failure.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Option<(Now, String)>>);

impl Breaker {
    /// The failure that is too recent to try again.
    pub(super) fn failure(&self, now: Now) -> Option<String> {
        let failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed
            .as_ref()
            .filter(|(at, _)| now.since(*at) < PAUSE)
            .map(|(_, why)| why.clone())
    }

    pub(super) fn failed(&self, now: Now, why: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, why.to_owned()));
    }

    pub(super) fn went_well(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
