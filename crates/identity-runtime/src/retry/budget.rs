//! A bound on how much repeating adds to the load of a service that fails.

/// The bucket's size, in tenths of a repetition: a burst of 50 may be repeated.
const CAPACITY: u32 = 500;
/// What a first attempt puts in: so that in the long run at most one in ten requests is a repetition.
const REFILL: u32 = 1;
/// What a repetition takes out.
const COST: u32 = 10;
/// What a repetition after a time-out takes out: it cost the service, or the network, more.
const TIMEOUT_COST: u32 = 20;

/// The repetitions that may still be made at one host.
#[derive(Debug)]
pub(super) struct Budget(u32);

impl Budget {
    pub(super) const fn new() -> Self {
        Self(CAPACITY)
    }

    /// Counts a first attempt.
    pub(super) fn refill(&mut self) {
        self.0 = (self.0 + REFILL).min(CAPACITY);
    }

    /// Takes a repetition out; whether there was one.
    pub(super) fn take(&mut self, after_timeout: bool) -> bool {
        let cost = if after_timeout { TIMEOUT_COST } else { COST };
        match self.0.checked_sub(cost) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_may_be_repeated_and_then_one_in_ten() {
        let mut budget = Budget::new();
        assert!((0..50).all(|_| budget.take(false)));
        assert!(!budget.take(false));
        let mut repeated = 0;
        for _ in 0..1000 {
            budget.refill();
            repeated += u32::from(budget.take(false));
        }
        assert_eq!(repeated, 100);
    }

    #[test]
    fn time_outs_cost_double_and_the_bucket_has_a_brim() {
        let mut budget = Budget::new();
        for _ in 0..10_000 {
            budget.refill();
        }
        assert!((0..25).all(|_| budget.take(true)));
        assert!(!budget.take(true));
    }
}
