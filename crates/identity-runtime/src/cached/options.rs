//! The limits of a token cache.

/// How much a credential's token cache may hold and do at once.
///
/// ```
/// use identity_runtime::CacheOptions;
/// let options = CacheOptions::new().with_max_entries(100_000).with_max_bytes(1 << 30);
/// assert_eq!(options.max_entries, 100_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheOptions {
    /// The most entries; beyond that the least used one goes. Default: 10,000.
    pub max_entries: usize,
    /// The most bytes of tokens and their bookkeeping, estimated. Default: 64 MiB.
    pub max_bytes: usize,
    /// The most fetches of different tokens at once; more wait their turn. Default: 64.
    pub max_flights: usize,
    /// The most fetches that wait their turn; more fail with [`ErrorKind::Overloaded`](identity_base::ErrorKind::Overloaded). Default: 10,000.
    pub max_queued: usize,
}

impl CacheOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_entries: 10_000,
            max_bytes: 64 * 1024 * 1024,
            max_flights: 64,
            max_queued: 10_000,
        }
    }

    /// Sets the most entries; at least 1.
    #[must_use]
    pub const fn with_max_entries(mut self, max_entries: usize) -> Self {
        self.max_entries = if max_entries == 0 { 1 } else { max_entries };
        self
    }

    /// Sets the most bytes.
    #[must_use]
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets the most fetches at once; at least 1.
    #[must_use]
    pub const fn with_max_flights(mut self, max_flights: usize) -> Self {
        self.max_flights = if max_flights == 0 { 1 } else { max_flights };
        self
    }

    /// Sets the most fetches that wait their turn.
    #[must_use]
    pub const fn with_max_queued(mut self, max_queued: usize) -> Self {
        self.max_queued = max_queued;
        self
    }
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self::new()
    }
}
