//! What to make of an answer.

use std::time::Duration;

use identity_base::Error;

/// What a caller of [`Sender::send`](super::Sender::send) makes of an answer.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "there are no other outcomes")]
pub enum Judgement<T> {
    /// It's the last word.
    Done(Result<T, Error>),
    /// It's a failure of the moment.
    Repeat(Repeat),
}

/// A failure of the moment: the error to end with, and how to go on.
#[derive(Debug)]
pub struct Repeat {
    pub(super) error: Error,
    pub(super) at_least: Duration,
    pub(super) max_retries: Option<u32>,
    pub(super) host_failed: bool,
}

impl Repeat {
    /// `error` is the outcome if there is no repetition left.
    #[must_use]
    pub const fn new(error: Error) -> Self {
        Self {
            error,
            at_least: Duration::ZERO,
            max_retries: None,
            host_failed: false,
        }
    }

    /// Sets a shortest wait.
    #[must_use]
    pub const fn at_least(mut self, at_least: Duration) -> Self {
        self.at_least = at_least;
        self
    }

    /// Repeats such a failure once at most.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.max_retries = Some(1);
        self
    }

    /// Counts it as a failure of the host, which may end in not asking the host for a while.
    #[must_use]
    pub const fn host_failed(mut self) -> Self {
        self.host_failed = true;
        self
    }
}
