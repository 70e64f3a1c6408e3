//! What one fetch does.

use std::fmt;
use std::time::Duration;

use identity_base::{Error, Fetched, Secret};

use crate::script::{Waits, waiting_methods};

/// What one fetch of a [`ScriptedFetch`](super::ScriptedFetch) does: first what it waits for, in order, then how it ends.
#[derive(Clone)]
pub struct FetchStep {
    waits: Waits,
    end: End,
}

#[derive(Clone)]
enum End {
    Answer(Box<Result<Fetched, Error>>),
    /// A token named after the number of the call.
    Numbered(Duration),
    Panic(String),
    Hang,
}

impl FetchStep {
    const fn ending(end: End) -> Self {
        Self {
            waits: Waits::none(),
            end,
        }
    }

    /// Answers a token that lives for `lifetime`.
    #[must_use]
    pub fn token(token: impl Into<Secret>, lifetime: Duration) -> Self {
        Self::fetched(Fetched::new(token, lifetime))
    }

    /// Answers `token-N` for the Nth call, which lives for `lifetime`.
    #[must_use]
    pub const fn numbered(lifetime: Duration) -> Self {
        Self::ending(End::Numbered(lifetime))
    }

    /// Answers exactly this.
    #[must_use]
    pub fn fetched(fetched: Fetched) -> Self {
        Self::ending(End::Answer(Box::new(Ok(fetched))))
    }

    /// Fails.
    #[must_use]
    pub fn error(error: Error) -> Self {
        Self::ending(End::Answer(Box::new(Err(error))))
    }

    /// Panics, from within the future.
    #[must_use]
    pub fn panic(message: impl Into<String>) -> Self {
        Self::ending(End::Panic(message.into()))
    }

    /// Never ends.
    #[must_use]
    pub const fn hang() -> Self {
        Self::ending(End::Hang)
    }

    waiting_methods!();

    pub(super) async fn play(self, number: usize) -> Result<Fetched, Error> {
        self.waits.play().await;
        match self.end {
            End::Answer(result) => *result,
            End::Numbered(lifetime) => Ok(Fetched::new(format!("token-{number}"), lifetime)),
            End::Panic(message) => panic!("{message}"),
            End::Hang => std::future::pending().await,
        }
    }
}

impl fmt::Debug for FetchStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match &self.end {
            End::Answer(result) if result.is_err() => "error",
            End::Answer(_) | End::Numbered(_) => "token",
            End::Panic(_) => "panic",
            End::Hang => "hang",
        };
        f.debug_struct("FetchStep")
            .field("waits", &self.waits)
            .field("end", &end)
            .finish()
    }
}
