//! What a credential tells a program's metrics.

use std::fmt;
use std::time::Duration;

use crate::ErrorKind;

/// Receives an [`Event`] for each thing a credential does. For counters and histograms; it is called on the caller's thread, so it must be quick.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use identity_base::{Event, EventKind, Observer};
///
/// #[derive(Debug, Default)]
/// struct Hits(AtomicU64);
/// impl Observer for Hits {
///     fn event(&self, event: &Event<'_>) {
///         if event.kind == EventKind::Hit {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: fmt::Debug + Send + Sync {
    /// Something happened. Carries no scope, tenant, user or secret, so it is safe as a metrics label.
    fn event(&self, event: &Event<'_>);
}

/// One thing a credential did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The credential's type name.
    pub credential: &'a str,
    /// What happened.
    pub kind: EventKind,
    /// How long it took, where that means something (fetches and refreshes).
    pub latency: Option<Duration>,
    /// The kind of the error, for failures.
    pub error: Option<ErrorKind>,
}

impl<'a> Event<'a> {
    /// An event without latency and error.
    #[must_use]
    pub const fn new(credential: &'a str, kind: EventKind) -> Self {
        Self {
            credential,
            kind,
            latency: None,
            error: None,
        }
    }

    /// Adds how long it took.
    #[must_use]
    pub const fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// Adds the kind of the error.
    #[must_use]
    pub const fn with_error(mut self, error: ErrorKind) -> Self {
        self.error = Some(error);
        self
    }
}

/// The kinds of [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A cached token was served.
    Hit,
    /// No usable token was cached; the caller starts a fetch or joins one.
    Miss,
    /// A fetch for waiting callers succeeded.
    Fetched,
    /// A fetch for waiting callers failed.
    FetchFailed,
    /// A background refresh succeeded.
    Refreshed,
    /// A background refresh failed; the old token is still served.
    RefreshFailed,
    /// A recent failure was answered from the negative cache, without a request.
    NegativeHit,
    /// An entry was evicted to keep the cache within its limits.
    Evicted,
    /// A request was repeated after a transient failure.
    Retry,
}
