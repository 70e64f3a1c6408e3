//! What is done next: drawn from a seed, so that the same seed gives every worker the same list of things to do.

/// A generator of numbers (SplitMix64): small, quick, and good enough to choose with.
#[derive(Clone, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The stream of this number of a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut draw = Self(seed ^ stream.wrapping_add(1).wrapping_mul(0xd129_0ab3_6d1f_2c45));
        // Streams of neighbouring numbers begin far apart.
        let start = draw.next();
        Self(start)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        low + self.next() % span
    }

    /// One of them by weight; `None` when there is no weight at all.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(T, u64)]) -> Option<T> {
        let total: u64 = choices.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return None;
        }
        let mut at = self.next() % total;
        for (choice, weight) in choices {
            match at.checked_sub(*weight) {
                Some(left) => at = left,
                None => return Some(*choice),
            }
        }
        None
    }
}

/// What a worker does after a burst of plain calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    /// A token for one of many APIs.
    Cold,
    /// A token of another tenant.
    OtherTenant,
    /// A token that satisfies a claims challenge.
    Claims,
    /// A token for an API that evaluates access continuously.
    Cae,
    /// A token in place of one that an API refused.
    Rejected,
    /// A token that lasts for a while yet.
    MinRemaining,
    /// A call that doesn't wait for long.
    Deadline,
    /// A call whose caller goes away.
    Dropped,
    /// Several callers at once for one token.
    Crowd,
    /// A token through a handle.
    Handle,
    /// The credential is closed or dropped, and a new one made.
    Renew,
}

/// How often each is done.
const WEIGHTS: [(Operation, u64); 11] = [
    (Operation::Cold, 34),
    (Operation::OtherTenant, 8),
    (Operation::Claims, 8),
    (Operation::Cae, 8),
    (Operation::Rejected, 14),
    (Operation::MinRemaining, 8),
    (Operation::Deadline, 5),
    (Operation::Dropped, 10),
    (Operation::Crowd, 5),
    (Operation::Handle, 6),
    (Operation::Renew, 1),
];

impl Operation {
    /// One of those that `allowed` lets through.
    pub(crate) fn draw(draw: &mut Draw, allowed: impl Fn(Self) -> bool) -> Self {
        let choices = WEIGHTS.map(|(operation, weight)| (operation, weight * u64::from(allowed(operation))));
        draw.weighted(&choices).unwrap_or(Self::Cold)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Draw, Operation, WEIGHTS};

    fn operations(seed: u64, stream: u64) -> Vec<Operation> {
        let mut draw = Draw::new(seed, stream);
        (0..200).map(|_| Operation::draw(&mut draw, |_| true)).collect()
    }

    #[test]
    fn a_seed_gives_the_same_list_again_and_another_seed_or_stream_another_one() {
        assert_eq!(operations(1, 2), operations(1, 2));
        assert_ne!(operations(1, 2), operations(2, 2));
        assert_ne!(operations(1, 2), operations(1, 3));
    }

    #[test]
    fn everything_is_done_about_as_often_as_its_weight_says() {
        let mut draw = Draw::new(7, 0);
        let mut seen: HashMap<Operation, u64> = HashMap::new();
        for _ in 0..100_000 {
            *seen.entry(Operation::draw(&mut draw, |_| true)).or_default() += 1;
        }
        let total: u64 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        for (operation, weight) in WEIGHTS {
            let expected = 100_000 * weight / total;
            let got = seen[&operation];
            assert!(
                got.abs_diff(expected) < expected / 5 + 100,
                "{operation:?}: {got}, expected {expected}"
            );
        }
    }

    #[test]
    fn what_is_not_allowed_is_never_drawn() {
        let mut draw = Draw::new(7, 1);
        let allowed = |operation| !matches!(operation, Operation::Claims | Operation::Renew);
        assert!((0..10_000).all(|_| allowed(Operation::draw(&mut draw, allowed))));
    }

    #[test]
    fn numbers_stay_between_their_ends_and_reach_both() {
        let mut draw = Draw::new(3, 0);
        let numbers: Vec<u64> = (0..1_000).map(|_| draw.between(2, 5)).collect();
        assert!(numbers.iter().all(|number| (2..=5).contains(number)));
        assert!(numbers.contains(&2) && numbers.contains(&5));
        assert_eq!(draw.between(4, 4), 4);
    }
}
