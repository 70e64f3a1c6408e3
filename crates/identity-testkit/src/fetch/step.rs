//! What one fetch does.

use std::fmt;
use std::time::Duration;

use identity_base::seam::Clock;
use identity_base::{Error, Fetched, Secret};

use crate::Gate;

/// What one fetch of a [`ScriptedFetch`](super::ScriptedFetch) does: first what it waits for, in order, then how it ends.
pub struct FetchStep {
    waits: Vec<Wait>,
    end: End,
}

enum Wait {
    Gate(Gate),
    Sleep(Box<dyn Clock>, Duration),
    Yield(usize),
}

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
            waits: Vec::new(),
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

    /// Waits at `gate` first.
    #[must_use]
    pub fn at(mut self, gate: &Gate) -> Self {
        self.waits.push(Wait::Gate(gate.clone()));
        self
    }

    /// Waits for `duration` on `clock` first.
    #[must_use]
    pub fn after(mut self, clock: impl Clock + 'static, duration: Duration) -> Self {
        self.waits.push(Wait::Sleep(Box::new(clock), duration));
        self
    }

    /// Is pending, and wakes itself, `times` first: for tests that drop it at each of its await points.
    #[must_use]
    pub fn yielding(mut self, times: usize) -> Self {
        self.waits.push(Wait::Yield(times));
        self
    }

    pub(super) async fn play(self, number: usize) -> Result<Fetched, Error> {
        for wait in self.waits {
            match wait {
                Wait::Gate(gate) => gate.pass().await,
                Wait::Sleep(clock, duration) => clock.sleep(duration).await,
                Wait::Yield(times) => yield_times(times).await,
            }
        }
        match self.end {
            End::Answer(result) => *result,
            End::Numbered(lifetime) => Ok(Fetched::new(format!("token-{number}"), lifetime)),
            End::Panic(message) => panic!("{message}"),
            End::Hang => std::future::pending().await,
        }
    }
}

async fn yield_times(times: usize) {
    let mut left = times;
    std::future::poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
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
            .field("waits", &self.waits.len())
            .field("end", &end)
            .finish()
    }
}
