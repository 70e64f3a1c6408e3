//! When a token is fresh, when it should be refreshed, and when it is no longer used: pure arithmetic.
//!
//! All times are integer milliseconds. Each end exists on both clocks and the earlier one rules.

use std::time::Duration;

use identity_base::seam::Now;
use identity_base::{Error, ErrorKind, Expiry};

/// Longer lifetimes are cut to this. Managed identity gives 24 h; nothing that Entra issues lives longer than two days.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(48 * 3600);
/// The refresh begins this long before the expiry, or a third of the lifetime if that is shorter. Event Hubs asks 6 min 5 s before the expiry and needs a
/// later one back, so it is more than that.
pub(crate) const REFRESH_MARGIN: Duration = Duration::from_secs(600);
/// From this lifetime on, a token without advice from the service is refreshed at half life.
pub(crate) const HALF_LIFE_FROM: Duration = Duration::from_secs(2 * 3600);
/// A token isn't used in its last 30 s, or the last tenth of its life if that is shorter: it has to survive the way to the service, and skewed clocks.
pub(crate) const RESERVE: Duration = Duration::from_secs(30);
/// After a failed refresh, and after one that brought no later expiry, the next one waits at least so long.
pub(crate) const REFRESH_RETRY: Duration = Duration::from_secs(30);
/// Between two refreshes of one key lies at least so long, whatever the service says about lifetimes.
pub(crate) const REFRESH_FLOOR: Duration = Duration::from_secs(10);
/// A failure is remembered so long at first,
pub(crate) const NEGATIVE_FIRST: Duration = Duration::from_secs(1);
/// doubling up to this,
pub(crate) const NEGATIVE_MAX: Duration = Duration::from_secs(30);
/// or this for failures that usually pass by themselves.
pub(crate) const NEGATIVE_MAX_TRANSIENT: Duration = Duration::from_secs(5);
/// A service can't make us wait longer than this.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// Running fetches get so long when a credential is closed.
pub(crate) const CLOSE_GRACE: Duration = Duration::from_secs(1);
/// A fetch whose runtime shows no life for so long is begun anew on the runtime of a caller that waits.
pub(crate) const RUNTIME_PATIENCE: Duration = Duration::from_secs(1);

/// The times of one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    usable_wall: i64,
    soft_wall: i64,
    usable_elapsed: u64,
    soft_elapsed: u64,
    /// The end that the service gave, on the wall clock.
    pub(crate) expires_wall: i64,
    /// From when the refresh is due, on the wall clock, as callers are told; without jitter.
    pub(crate) refresh_wall: i64,
}

impl Times {
    /// Plans a token whose request was sent at `sent`. `jitter` is any number; equal numbers give equal plans.
    pub(crate) fn plan(
        sent: Now,
        expiry: Expiry,
        refresh: Option<Expiry>,
        jitter: u32,
    ) -> Result<Self, Error> {
        let lifetime = millis_after(sent, expiry);
        if lifetime <= 0 {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the token has expired already, or its lifetime is not positive",
            )
            .with_hint("check this machine's clock, and which service answers"));
        }
        let lifetime = lifetime.min(millis(MAX_LIFETIME));
        let usable = lifetime.saturating_sub(millis(RESERVE).min(lifetime / 10));
        let advised = refresh
            .map(|refresh| millis_after(sent, refresh))
            .filter(|after| *after > 0 && *after < lifetime);
        let refresh = match advised {
            Some(after) => after,
            None if lifetime >= millis(HALF_LIFE_FROM) => lifetime / 2,
            None => lifetime.saturating_sub(millis(REFRESH_MARGIN).min(lifetime / 3)),
        }
        .min(usable);
        // Only ever earlier, by up to a tenth of the life, so that tokens made in one second aren't refreshed in one second; but not below the retry floor.
        let earlier = (lifetime / 10).saturating_mul(i64::from(jitter)) / (i64::from(u32::MAX) + 1);
        let soft = refresh
            .saturating_sub(earlier)
            .max(refresh.min(millis(REFRESH_RETRY)));
        let on_wall = |after: i64| sent.wall.saturating_add(after);
        let on_elapsed = |after: i64| sent.elapsed.saturating_add(after.unsigned_abs());
        Ok(Self {
            usable_wall: on_wall(usable),
            soft_wall: on_wall(soft),
            usable_elapsed: on_elapsed(usable),
            soft_elapsed: on_elapsed(soft),
            expires_wall: on_wall(lifetime),
            refresh_wall: on_wall(refresh),
        })
    }

    /// Whether the token may be handed out.
    #[inline]
    pub(crate) const fn is_usable(&self, now: Now) -> bool {
        now.wall < self.usable_wall && now.elapsed < self.usable_elapsed
    }

    /// Whether a refresh is due.
    #[inline]
    pub(crate) const fn is_soft(&self, now: Now) -> bool {
        now.wall >= self.soft_wall || now.elapsed >= self.soft_elapsed
    }

    /// How much of the usable time is left, by the clock that says less.
    pub(crate) fn remaining(&self, now: Now) -> Duration {
        let wall = self.usable_wall.saturating_sub(now.wall).max(0).unsigned_abs();
        Duration::from_millis(wall.min(self.usable_elapsed.saturating_sub(now.elapsed)))
    }

    /// Whether the token ends later than `other`, by the clock that ends each of them first. By a second at least: the clocks differ by some milliseconds.
    ///
    /// Comparing the ends on the wall clock alone would throw a new token away after that clock was set back.
    pub(crate) fn outlasts(&self, other: &Self, now: Now) -> bool {
        self.left(now) >= other.left(now).saturating_add(1_000)
    }

    /// How many milliseconds are left until the expiry, by the clock that says less.
    fn left(&self, now: Now) -> i64 {
        let wall = self.expires_wall.saturating_sub(now.wall);
        let reserve = self.expires_wall.saturating_sub(self.usable_wall);
        let elapsed = i64::try_from(self.usable_elapsed.saturating_sub(now.elapsed)).unwrap_or(i64::MAX);
        wall.min(elapsed.saturating_add(reserve))
    }

    /// How much time is left until the expiry, by the wall clock.
    pub(crate) fn until_expiry(&self, now: Now) -> Duration {
        Duration::from_millis(self.expires_wall.saturating_sub(now.wall).max(0).unsigned_abs())
    }
}

/// How long a failure is remembered, after `previous` for the one before it.
pub(crate) fn negative_delay(previous: Option<Duration>, error: &Error) -> Duration {
    let longest = if error.is_transient() {
        NEGATIVE_MAX_TRANSIENT
    } else {
        NEGATIVE_MAX
    };
    let delay = match previous {
        // What isn't set up may be set up the next moment, so that memory doesn't grow.
        Some(_) if error.is_unavailable() => NEGATIVE_FIRST,
        Some(previous) => previous.saturating_mul(2).min(longest),
        None => NEGATIVE_FIRST,
    };
    error
        .retry_after()
        .map_or(delay, |asked| asked.min(MAX_RETRY_AFTER).max(delay))
}

/// Whether a failure is remembered at all.
pub(crate) const fn is_remembered(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::Internal
            | ErrorKind::Closed
            | ErrorKind::OutcomeUnknown
            | ErrorKind::Overloaded
            | ErrorKind::InvalidConfiguration
    )
}

/// A duration in milliseconds, saturating.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// How long after `sent` something is, in milliseconds.
fn millis_after(sent: Now, when: Expiry) -> i64 {
    match when {
        Expiry::In(after) => millis(after),
        Expiry::At(time) => match time.duration_since(sent.system_time()) {
            Ok(after) => millis(after),
            Err(before) => millis(before.duration()).saturating_neg(),
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const SENT: Now = Now {
        wall: 1_700_000_000_000,
        elapsed: 5_000,
    };

    fn plan(lifetime: u64, refresh: Option<u64>, jitter: u32) -> Times {
        Times::plan(
            SENT,
            Expiry::In(Duration::from_secs(lifetime)),
            refresh.map(|s| Expiry::In(Duration::from_secs(s))),
            jitter,
        )
        .unwrap()
    }

    fn seconds(after: i64) -> i64 {
        (after - SENT.wall) / 1000
    }

    #[test]
    fn the_refresh_margin_is_ten_minutes_a_third_or_half_life() {
        assert_eq!(seconds(plan(3600, None, 0).refresh_wall), 3000);
        assert_eq!(seconds(plan(240, None, 0).refresh_wall), 160);
        assert_eq!(seconds(plan(86_400, None, 0).refresh_wall), 43_200);
        assert_eq!(seconds(plan(7200, None, 0).refresh_wall), 3600);
        assert_eq!(seconds(plan(7199, None, 0).refresh_wall), 6599);
        assert_eq!(seconds(plan(3600, Some(1800), 0).refresh_wall), 1800);
        for ignored in [0, 3600, 9999] {
            assert_eq!(
                seconds(plan(3600, Some(ignored), 0).refresh_wall),
                3000,
                "{ignored}"
            );
        }
    }

    #[test]
    fn usable_ends_thirty_seconds_or_a_tenth_before_the_expiry() {
        for (lifetime, usable) in [(3600, 3570), (300, 270), (100, 90), (10, 9)] {
            let times = plan(lifetime, None, 0);
            let at = |s: i64| Now {
                wall: SENT.wall + s * 1000,
                elapsed: SENT.elapsed,
            };
            assert!(times.is_usable(at(usable - 1)), "{lifetime}");
            assert!(!times.is_usable(at(usable)), "{lifetime}");
        }
    }

    #[test]
    fn either_clock_expires_a_token_and_neither_revives_it() {
        let times = plan(3600, None, 0);
        let at = |wall: i64, elapsed: u64| Now {
            wall: SENT.wall + wall * 1000,
            elapsed: SENT.elapsed + elapsed * 1000,
        };
        assert!(times.is_usable(at(0, 0)));
        assert!(!times.is_usable(at(4000, 0)), "set forward");
        assert!(!times.is_usable(at(-90_000, 4000)), "set back");
        assert!(times.is_soft(at(3100, 0)) && times.is_soft(at(0, 3100)) && !times.is_soft(at(100, 100)));
    }

    #[test]
    fn the_token_that_lasts_longer_is_found_after_the_wall_clock_was_set_back() {
        let old = plan(3600, None, 0);
        let later = Now {
            wall: SENT.wall - 400_000,
            elapsed: SENT.elapsed + 2_700_000,
        };
        let renewed = Times::plan(later, Expiry::In(Duration::from_secs(3600)), None, 0).unwrap();
        assert!(
            renewed.expires_wall < old.expires_wall,
            "the wall clock alone would say the contrary"
        );
        assert!(renewed.outlasts(&old, later) && !old.outlasts(&renewed, later));
        assert!(!old.outlasts(&old, later), "the same end is not a later one");
    }

    #[test]
    fn jitter_is_earlier_only_and_keeps_the_order() {
        for lifetime in [1, 2, 5, 29, 30, 31, 60, 240, 300, 3599, 7200, 86_400, 172_800] {
            for jitter in [0, 1, u32::MAX / 2, u32::MAX] {
                let times = plan(lifetime, None, jitter);
                assert!(
                    times.soft_wall <= times.refresh_wall && times.refresh_wall <= times.usable_wall,
                    "{lifetime} {jitter}"
                );
                assert!(
                    times.usable_wall <= times.expires_wall && times.soft_wall > SENT.wall,
                    "{lifetime} {jitter}"
                );
                assert!(
                    times.refresh_wall - times.soft_wall <= i64::try_from(lifetime).unwrap() * 100,
                    "a tenth at most"
                );
                if lifetime >= 60 {
                    assert!(times.soft_wall - SENT.wall >= 30_000, "not below the floor");
                }
            }
        }
    }

    #[test]
    fn lifetimes_are_positive_and_capped() {
        for expiry in [
            Expiry::In(Duration::ZERO),
            Expiry::At(UNIX_EPOCH),
            Expiry::At(SENT.system_time()),
        ] {
            assert_eq!(
                Times::plan(SENT, expiry, None, 0).unwrap_err().kind(),
                ErrorKind::Protocol
            );
        }
        assert_eq!(seconds(plan(u64::MAX / 1000, None, 0).expires_wall), 172_800);
    }

    #[test]
    fn failures_are_remembered_longer_and_longer() {
        let refused = Error::new(ErrorKind::AuthenticationFailed, "");
        let mut delay = None;
        let mut seen = Vec::new();
        for _ in 0..7 {
            delay = Some(negative_delay(delay, &refused));
            seen.push(delay.unwrap().as_secs());
        }
        assert_eq!(seen, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(
            negative_delay(
                Some(Duration::from_secs(4)),
                &Error::new(ErrorKind::Transport, "")
            )
            .as_secs(),
            5
        );
        assert_eq!(
            negative_delay(Some(Duration::from_secs(4)), &Error::unavailable("")).as_secs(),
            1
        );
        let throttled = Error::new(ErrorKind::Throttled, "").with_retry_after(Duration::from_secs(86_400));
        assert_eq!(negative_delay(None, &throttled), MAX_RETRY_AFTER);
    }
}
