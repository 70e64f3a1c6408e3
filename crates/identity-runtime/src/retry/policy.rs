//! How often, how long, and after what.

use std::time::Duration;

use identity_base::seam::Random;

/// How often a request is repeated and what is waited in between.
///
/// ```
/// use std::time::Duration;
/// use identity_runtime::retry::RetryPolicy;
/// let patient = RetryPolicy::default().with_max_retries(5).with_total(Duration::from_secs(60));
/// let never = RetryPolicy::none();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is repeated at most. Default: 3; metadata endpoints: 6.
    pub max_retries: u32,
    /// How often of those it is repeated for want of a connection. Default: no less often; metadata endpoints: 3, since a machine that has none won't get one.
    pub max_unreachable: u32,
    /// The longest first wait; it doubles with each repetition, and the real wait is a random part of it. Default: 800 ms.
    pub first_delay: Duration,
    /// The longest wait that isn't asked for by the service. Default: 8 s.
    pub max_delay: Duration,
    /// The longest that all attempts and waits may take. Default: 30 s; metadata endpoints: 90 s.
    pub total: Duration,
    /// How much time has to be left for another attempt. Default: 10 s, a whole attempt; metadata endpoints: 1 s.
    pub min_attempt: Duration,
    /// Whether 404 and 410 are failures of the moment, as at a metadata endpoint that is being updated. Default: no; metadata endpoints: yes.
    pub metadata: bool,
    /// How many requests to one host are under way at once, at most. Default: 64; metadata endpoints: 5.
    pub max_concurrent: usize,
}

/// While a metadata endpoint answers 410 it is being updated, which takes up to 70 s; four waits of 5 s doubling are 75 s.
const FIRST_GONE_DELAY: Duration = Duration::from_secs(5);

impl RetryPolicy {
    /// For Entra and other services on the internet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_retries: 3,
            max_unreachable: u32::MAX,
            first_delay: Duration::from_millis(800),
            max_delay: Duration::from_secs(8),
            total: Duration::from_secs(30),
            min_attempt: Duration::from_secs(10),
            metadata: false,
            max_concurrent: 64,
        }
    }

    /// For metadata endpoints.
    #[must_use]
    pub const fn metadata() -> Self {
        Self {
            max_retries: 6,
            max_unreachable: 3,
            total: Duration::from_secs(90),
            min_attempt: Duration::from_secs(1),
            metadata: true,
            max_concurrent: 5,
            ..Self::new()
        }
    }

    /// One attempt.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            max_retries: 0,
            ..Self::new()
        }
    }

    /// Sets how often a request is repeated at most.
    #[must_use]
    pub const fn with_max_retries(mut self, max_retries: u32) -> Self {
        self.max_retries = max_retries;
        self
    }

    /// Sets the longest first wait.
    #[must_use]
    pub const fn with_first_delay(mut self, first_delay: Duration) -> Self {
        self.first_delay = first_delay;
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub const fn with_max_delay(mut self, max_delay: Duration) -> Self {
        self.max_delay = max_delay;
        self
    }

    /// Sets the longest time for everything.
    #[must_use]
    pub const fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Sets how much time has to be left for another attempt.
    #[must_use]
    pub const fn with_min_attempt(mut self, min_attempt: Duration) -> Self {
        self.min_attempt = min_attempt;
        self
    }

    /// Whether an answer with this status is a failure of the moment.
    #[must_use]
    pub const fn is_transient_status(&self, status: u16) -> bool {
        match status {
            408 | 429 => true,
            // Not implemented and wrong version won't change.
            501 | 505 => false,
            500..=599 => true,
            404 | 410 => self.metadata,
            _ => false,
        }
    }

    /// The wait before repetition `repetition` (from 0) of a request that was answered with `status`, if it was answered.
    pub(super) fn delay(&self, repetition: u32, status: Option<u16>, random: &dyn Random) -> Duration {
        let doubled =
            |first: Duration| first.saturating_mul(1u32.checked_shl(repetition).unwrap_or(u32::MAX));
        if self.metadata && status == Some(410) {
            // Jittered to the later side only: the sum has to reach the time that an update takes.
            let delay = doubled(FIRST_GONE_DELAY).min(FIRST_GONE_DELAY * 8);
            return delay.saturating_add(part(delay / 10, random));
        }
        part(doubled(self.first_delay).min(self.max_delay), random)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// A random part of `whole`, evenly distributed; half of it should the generator fail.
pub(super) fn part(whole: Duration, random: &dyn Random) -> Duration {
    let mut bytes = [0u8; 4];
    let fraction = match random.fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    };
    whole.mul_f64(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity_base::Error;

    /// Always the same bytes.
    #[derive(Debug)]
    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), Error> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn delays_double_to_the_cap_and_are_a_random_part() {
        let policy = RetryPolicy::new();
        let longest: Vec<_> = (0..6)
            .map(|n| policy.delay(n, None, &Fixed(255)).as_millis())
            .collect();
        assert_eq!(longest, [800, 1600, 3200, 6400, 8000, 8000]);
        assert_eq!(policy.delay(3, None, &Fixed(0)), Duration::ZERO);
        let half = policy.delay(0, Some(503), &Fixed(128)).as_millis();
        assert!((395..=410).contains(&half), "{half}");
        assert_eq!(policy.delay(u32::MAX, None, &Fixed(255)), Duration::from_secs(8));
    }

    #[test]
    fn an_update_of_a_metadata_endpoint_is_waited_for() {
        let policy = RetryPolicy::metadata();
        for random in [Fixed(0), Fixed(255)] {
            let waited: Duration = (0..4).map(|n| policy.delay(n, Some(410), &random)).sum();
            assert!(waited >= Duration::from_secs(70), "{waited:?}");
            assert!(waited + policy.min_attempt <= policy.total, "{waited:?}");
        }
        assert!(policy.delay(0, Some(404), &Fixed(255)) < Duration::from_secs(1));
    }

    #[test]
    fn the_tables_of_statuses() {
        let transient = |policy: &RetryPolicy| {
            (100..600)
                .filter(|status| policy.is_transient_status(*status))
                .collect::<Vec<_>>()
        };
        let entra = transient(&RetryPolicy::new());
        assert_eq!(&entra[..2], [408, 429]);
        assert_eq!(entra.len(), 2 + 100 - 2);
        let metadata = transient(&RetryPolicy::metadata());
        assert_eq!(&metadata[..4], [404, 408, 410, 429]);
    }
}
