//! Remembering who was asked to wait.

/// How many kinds of request are remembered for a host.
const MAX_ENTRIES: usize = 1000;
/// When so many kinds of request were asked to wait, the host as a whole is left alone.
const KEYS_FOR_HOST: usize = 3;

/// Until when which requests wait. Times are milliseconds of the clock that can't be set.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    entries: Vec<(u128, u64)>,
    host_until: u64,
}

impl Throttle {
    /// How many milliseconds a request of the kind `key` still has to wait; 0 when it may go.
    pub(super) fn wait(&self, key: u128, now: u64) -> u64 {
        let own = self
            .entries
            .iter()
            .find(|(known, _)| *known == key)
            .map_or(0, |(_, until)| *until);
        own.max(self.host_until).saturating_sub(now)
    }

    /// The service asked requests of the kind `key` to wait until `until`.
    pub(super) fn remember(&mut self, key: u128, until: u64, now: u64) {
        self.entries.retain(|(known, end)| *known != key && *end > now);
        if self.entries.len() >= MAX_ENTRIES {
            // The one that ends first is the smallest loss.
            if let Some(first) = self
                .entries
                .iter()
                .enumerate()
                .min_by_key(|(_, (_, end))| *end)
                .map(|(at, _)| at)
            {
                self.entries.swap_remove(first);
            }
        }
        self.entries.push((key, until));
        if self.entries.len() >= KEYS_FOR_HOST {
            self.host_until = self.host_until.max(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_request_waits_alone_and_three_stop_the_host() {
        let mut throttle = Throttle::default();
        throttle.remember(1, 1000, 0);
        throttle.remember(2, 2000, 0);
        throttle.remember(1, 1500, 0);
        assert_eq!(
            (
                throttle.wait(1, 100),
                throttle.wait(2, 100),
                throttle.wait(9, 100)
            ),
            (1400, 1900, 0)
        );
        throttle.remember(3, 500, 0);
        assert_eq!(throttle.wait(9, 100), 400);
        assert_eq!(throttle.wait(9, 500), 0);
    }

    #[test]
    fn ended_entries_go_and_the_table_is_bounded() {
        let mut throttle = Throttle::default();
        for key in 0..5000u64 {
            throttle.remember(u128::from(key), 10_000 + key, 0);
        }
        assert_eq!(throttle.entries.len(), MAX_ENTRIES);
        throttle.remember(9_999, 30_000, 20_000);
        assert_eq!(throttle.entries.len(), 1);
    }
}
