//! How far the service's clock is from ours.

use std::error::Error as StdError;
use std::fmt;

use http::header::{DATE, HeaderMap};
use identity_base::Error;
use identity_base::seam::Now;

use crate::http_date;

/// The difference between a service's clock and ours, as its `Date` header tells it. Exact to a second and the time the answer took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew {
    millis: i64,
}

/// Smaller differences are not worth a word: assertions have a minute of room.
const NOTABLE_MILLIS: u64 = 5 * 60_000;

impl ClockSkew {
    /// How many milliseconds the service's clock is ahead of ours; negative when ours is ahead.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.millis
    }

    /// Whether it is over five minutes, so that somebody should be told.
    #[must_use]
    pub const fn is_notable(self) -> bool {
        self.millis.unsigned_abs() > NOTABLE_MILLIS
    }

    /// The service's time, when ours is `now`, in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn correct(self, now: Now) -> i64 {
        now.wall.saturating_add(self.millis)
    }

    /// The skew that a failure of the token endpoint carries. A flow that signs assertions repeats its request once with a corrected one.
    #[must_use]
    pub fn of_error(error: &Error) -> Option<Self> {
        let mut cause = error.source();
        // A chain of causes is short; the bound guards against a cycle.
        for _ in 0..8 {
            let current = cause?;
            if let Some(skewed) = current.downcast_ref::<Skewed>() {
                return Some(skewed.0);
            }
            cause = current.source();
        }
        None
    }

    /// The skew by an answer's `Date` header to a request that was sent at `sent`.
    #[must_use]
    pub fn of(headers: &HeaderMap, sent: Now) -> Option<Self> {
        let date = http_date::millis(headers.get(DATE)?.to_str().ok()?)?;
        Some(Self {
            millis: date.saturating_sub(sent.wall),
        })
    }

    /// The skew as a cause for an error.
    pub(super) const fn into_source(self) -> Skewed {
        Skewed(self)
    }
}

/// Says in an error's chain of causes that a clock is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Skewed(ClockSkew);

impl fmt::Display for Skewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.millis.unsigned_abs() / 1000;
        let direction = if self.0.millis < 0 { "ahead of" } else { "behind" };
        write!(f, "this machine's clock is {seconds} s {direction} the service's")
    }
}

impl StdError for Skewed {}

#[cfg(test)]
mod tests {
    use super::*;
    use identity_base::ErrorKind;

    fn skew(date: &'static str) -> Option<ClockSkew> {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, date.parse().unwrap());
        ClockSkew::of(
            &headers,
            Now {
                wall: 1_764_000_000_000,
                elapsed: 0,
            },
        )
    }

    #[test]
    fn the_date_header_tells_the_skew() {
        assert_eq!(skew("Mon, 24 Nov 2025 16:00:00 GMT").unwrap().millis(), 0);
        let ahead = skew("Mon, 24 Nov 2025 16:20:00 GMT").unwrap();
        assert_eq!(ahead.millis(), 1_200_000);
        assert!(ahead.is_notable() && !skew("Mon, 24 Nov 2025 16:05:00 GMT").unwrap().is_notable());
        assert_eq!(ahead.correct(Now { wall: 5, elapsed: 0 }), 1_200_005);
        assert_eq!(skew("soon"), None);
        assert_eq!(
            ClockSkew::of(&HeaderMap::new(), Now { wall: 0, elapsed: 0 }),
            None
        );
    }

    #[test]
    fn an_error_carries_it_as_a_cause() {
        let behind = skew("Mon, 24 Nov 2025 16:20:00 GMT").unwrap();
        let error = Error::new(ErrorKind::AuthenticationFailed, "x").with_source(behind.into_source());
        assert_eq!(ClockSkew::of_error(&error), Some(behind));
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            "this machine's clock is 1200 s behind the service's"
        );
        let ahead = ClockSkew { millis: -600_000 };
        assert_eq!(
            ahead.into_source().to_string(),
            "this machine's clock is 600 s ahead of the service's"
        );
        assert_eq!(ClockSkew::of_error(&Error::new(ErrorKind::Internal, "x")), None);
    }
}
