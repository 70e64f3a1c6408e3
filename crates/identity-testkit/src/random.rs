//! Random bytes that are the same in every run.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use identity_base::seam::Random;
use identity_base::{Error, ErrorKind};

/// A [`Random`] that gives scripted bytes first, then a sequence that its seed decides. Clones continue the same sequence.
///
/// ```
/// use identity_base::seam::Random;
/// use identity_testkit::ScriptedRandom;
/// let random = ScriptedRandom::seeded(1).then_bytes([0xAB; 2]);
/// let mut buffer = [0; 2];
/// random.fill(&mut buffer)?;
/// assert_eq!(buffer, [0xAB; 2]);
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone)]
pub struct ScriptedRandom(Arc<Mutex<State>>);

struct State {
    script: VecDeque<Option<u8>>,
    seed: u64,
    calls: usize,
}

impl ScriptedRandom {
    /// A sequence decided by `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            script: VecDeque::new(),
            seed,
            calls: 0,
        })))
    }

    /// Gives these bytes next, before the sequence goes on.
    #[must_use]
    pub fn then_bytes(self, bytes: impl AsRef<[u8]>) -> Self {
        self.with(|state| state.script.extend(bytes.as_ref().iter().copied().map(Some)));
        self
    }

    /// Fails once, when the bytes before it are used up.
    #[must_use]
    pub fn then_error(self) -> Self {
        self.with(|state| state.script.push_back(None));
        self
    }

    /// How often bytes were asked for.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.with(|state| state.calls)
    }

    fn with<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Random for ScriptedRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Error> {
        self.with(|state| {
            state.calls += 1;
            for byte in buffer {
                *byte = match state.script.pop_front() {
                    Some(Some(scripted)) => scripted,
                    Some(None) => {
                        return Err(Error::new(
                            ErrorKind::Internal,
                            "the scripted generator fails here",
                        ));
                    }
                    None => state.next(),
                };
            }
            Ok(())
        })
    }
}

impl State {
    /// SplitMix64: every seed, 0 too, gives a good sequence.
    fn next(&mut self) -> u8 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed >> 56) as u8
    }
}

impl Default for ScriptedRandom {
    fn default() -> Self {
        Self::seeded(0)
    }
}

impl fmt::Debug for ScriptedRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedRandom")
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(random: &ScriptedRandom, count: usize) -> Vec<u8> {
        let mut buffer = vec![0; count];
        random.fill(&mut buffer).unwrap();
        buffer
    }

    #[test]
    fn a_seed_decides_the_sequence() {
        assert_eq!(
            take(&ScriptedRandom::seeded(7), 64),
            take(&ScriptedRandom::seeded(7), 64)
        );
        assert_ne!(
            take(&ScriptedRandom::seeded(7), 64),
            take(&ScriptedRandom::seeded(8), 64)
        );
        let random = ScriptedRandom::seeded(0);
        assert_ne!(
            take(&random, 16),
            take(&random.clone(), 16),
            "a clone goes on, it doesn't start anew"
        );
        assert!(
            take(&random, 4096)
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                > 250
        );
    }

    #[test]
    fn scripted_bytes_and_failures_come_in_order() {
        let random = ScriptedRandom::seeded(0)
            .then_bytes([1, 2])
            .then_error()
            .then_bytes([3]);
        assert_eq!(take(&random, 2), [1, 2]);
        assert_eq!(random.fill(&mut [0]).unwrap_err().kind(), ErrorKind::Internal);
        assert_eq!(take(&random, 1), [3]);
        assert_eq!(random.calls(), 3);
    }
}
