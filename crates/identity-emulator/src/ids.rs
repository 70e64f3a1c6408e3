//! Trace ids, token ids and the like: unique within an emulator, equal from run to run.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::guid;

/// A source of ids. The seed tells emulators apart.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: String,
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed: seed.to_string(),
            next: AtomicU64::new(1),
        }
    }

    /// A GUID that was not given out before.
    pub(crate) fn guid(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        guid::derive(&["id", &self.seed, &number])
    }

    /// A short text for `uti`, `aio` and `rh` claims that was not given out before.
    pub(crate) fn token(&self) -> String {
        self.guid().replace('-', "").chars().take(22).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn ids_never_repeat_and_are_the_same_in_the_next_run() {
        let (one, other) = (Ids::new(7), Ids::new(7));
        let first = one.guid();
        assert_eq!(first, other.guid());
        assert_ne!(first, one.guid());
        assert_ne!(first, Ids::new(8).guid());
    }
}
