//! Not asking a host that keeps failing.

use std::time::Duration;

use identity_base::seam::Random;

use super::policy::part;

/// So many failures in a row open the breaker, if they hit more than one kind of request.
const FAILURES_IN_A_ROW: u32 = 5;
/// The length of the window in which the share of failures is looked at.
const WINDOW_MILLIS: u64 = 10_000;
/// The share is looked at from so many attempts on.
const MIN_ATTEMPTS: u32 = 20;
/// How long the breaker is open at first; it doubles with each failed trial.
const FIRST_OPEN: Duration = Duration::from_secs(5);
/// How long it is open at most.
const MAX_OPEN: Duration = Duration::from_secs(60);

/// Whether a host may be asked. Times are milliseconds of the clock that can't be set.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    in_a_row: u32,
    first_key: Option<u128>,
    several_keys: bool,
    window_start: u64,
    attempts: u32,
    failures: u32,
    /// Set while it is open.
    open_until: Option<u64>,
    /// How often in a row it was opened.
    opened: u32,
    /// Whether the one trial of the half-open state is under way.
    trial: bool,
}

/// How an attempt that may be made relates to the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The breaker is closed.
    Normal,
    /// The breaker is half-open, and this is the one attempt that finds out.
    Trial,
}

impl Breaker {
    /// Whether an attempt may be made; if not, how long to wait for the next trial.
    pub(super) fn enter(&mut self, now: u64) -> Result<Entry, Duration> {
        match self.open_until {
            None => Ok(Entry::Normal),
            Some(until) if now < until => Err(Duration::from_millis(until - now)),
            Some(_) if self.trial => Err(Duration::from_secs(1)),
            Some(_) => {
                self.trial = true;
                Ok(Entry::Trial)
            }
        }
    }

    /// The host answered.
    pub(super) fn succeeded(&mut self, now: u64) {
        self.count(now);
        self.in_a_row = 0;
        self.first_key = None;
        self.several_keys = false;
        self.open_until = None;
        self.opened = 0;
        self.trial = false;
    }

    /// The host failed for a request of the kind `key`.
    pub(super) fn failed(&mut self, entry: Entry, key: u128, now: u64, random: &dyn Random) {
        self.count(now);
        self.failures += 1;
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.several_keys |= self.first_key.is_some_and(|first| first != key);
        self.first_key.get_or_insert(key);
        let many = self.attempts >= MIN_ATTEMPTS && self.failures * 2 >= self.attempts;
        let row = self.in_a_row >= FAILURES_IN_A_ROW && self.several_keys;
        let is_open = self.open_until.is_some();
        if entry == Entry::Trial || (!is_open && (many || row)) {
            self.open(now, random);
        }
    }

    /// An attempt was given up without an outcome.
    pub(super) fn abandoned(&mut self, entry: Entry) {
        if entry == Entry::Trial {
            self.trial = false;
        }
    }

    fn count(&mut self, now: u64) {
        if now.saturating_sub(self.window_start) > WINDOW_MILLIS {
            self.window_start = now;
            self.attempts = 0;
            self.failures = 0;
        }
        self.attempts += 1;
    }

    fn open(&mut self, now: u64, random: &dyn Random) {
        let length = FIRST_OPEN
            .saturating_mul(1u32.checked_shl(self.opened).unwrap_or(u32::MAX))
            .min(MAX_OPEN);
        // Processes that saw the same failure shall not come back at the same moment.
        let length = length - part(length / 5, random);
        self.open_until = Some(now.saturating_add(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)));
        self.opened = self.opened.saturating_add(1);
        self.trial = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity_base::Error;

    /// No jitter.
    #[derive(Debug)]
    struct Zero;

    impl Random for Zero {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), Error> {
            buffer.fill(0);
            Ok(())
        }
    }

    fn fail(breaker: &mut Breaker, key: u128, now: u64) {
        if let Ok(entry) = breaker.enter(now) {
            breaker.failed(entry, key, now, &Zero);
        }
    }

    #[test]
    fn five_failures_of_several_kinds_open_it_and_one_trial_closes_it() {
        let mut breaker = Breaker::default();
        for n in 0..5 {
            assert_eq!(breaker.enter(n), Ok(Entry::Normal));
            breaker.failed(Entry::Normal, u128::from(n % 2), n, &Zero);
        }
        assert_eq!(breaker.enter(1004), Err(Duration::from_secs(4)));
        assert_eq!(breaker.enter(5004), Ok(Entry::Trial));
        assert!(breaker.enter(5004).is_err(), "one trial at a time");
        breaker.succeeded(5005);
        assert_eq!(breaker.enter(5006), Ok(Entry::Normal));
    }

    #[test]
    fn one_kind_of_request_alone_needs_twenty_failures() {
        let mut breaker = Breaker::default();
        for _ in 0..19 {
            fail(&mut breaker, 1, 0);
        }
        assert_eq!(breaker.enter(0), Ok(Entry::Normal));
        fail(&mut breaker, 1, 0);
        assert!(breaker.enter(0).is_err());
    }

    #[test]
    fn a_share_below_half_and_old_failures_do_not_open_it() {
        let mut breaker = Breaker::default();
        for n in 0..100u64 {
            match n % 3 {
                0 => breaker.failed(Entry::Normal, u128::from(n), n, &Zero),
                _ => breaker.succeeded(n),
            }
        }
        assert!(breaker.enter(100).is_ok());
        let mut slow = Breaker::default();
        for n in 0..40u64 {
            fail(&mut slow, 1, n * 1000);
        }
        assert!(slow.enter(40_000).is_ok(), "never twenty within ten seconds");
    }

    #[test]
    fn failed_trials_double_the_wait_to_a_minute_and_a_lost_trial_is_given_again() {
        let mut breaker = Breaker::default();
        (0..5).for_each(|n| fail(&mut breaker, n, 0));
        let mut now = 0;
        for seconds in [5, 10, 20, 40, 60, 60] {
            let wait = breaker.enter(now).unwrap_err();
            assert_eq!(wait, Duration::from_secs(seconds));
            now += seconds * 1000;
            assert_eq!(breaker.enter(now), Ok(Entry::Trial));
            breaker.abandoned(Entry::Trial);
            assert_eq!(breaker.enter(now), Ok(Entry::Trial));
            breaker.failed(Entry::Trial, 0, now, &Zero);
        }
    }
}
