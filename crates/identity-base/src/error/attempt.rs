//! What a chain tried.

use std::borrow::Cow;
use std::time::Duration;

use super::Error;

/// One link of a chain that was tried, in order.
#[derive(Clone, Debug)]
pub struct Attempt {
    credential: Cow<'static, str>,
    error: Error,
    elapsed: Duration,
}

impl Attempt {
    /// An attempt of the credential named `credential` that took `elapsed` and ended in `error`.
    pub fn new(credential: impl Into<Cow<'static, str>>, error: Error, elapsed: Duration) -> Self {
        Self {
            credential: credential.into(),
            error,
            elapsed,
        }
    }

    /// The credential's name.
    #[must_use]
    pub fn credential(&self) -> &str {
        &self.credential
    }

    /// What it failed with.
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }

    /// How long it took.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }
}
