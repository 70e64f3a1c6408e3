//! Which cached tokens were handed out.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use identity_base::{Fetched, Secret};
use identity_runtime::crypto::sha256;

/// So many tokens are remembered.
const MAX_SERVED: usize = 1024;

/// The tokens that were handed out, hashed. The engine keeps them, so when it asks again it wants another one, and the cache must not give the same.
#[derive(Debug, Default)]
pub(crate) struct Served(Mutex<HashSet<[u8; 32]>>);

impl Served {
    /// Remembers a token that goes to the engine.
    pub(crate) fn hand_out(&self, fetched: Fetched) -> Fetched {
        let mut served = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if served.len() >= MAX_SERVED {
            served.clear();
        }
        served.insert(sha256(fetched.token.expose().as_bytes()));
        drop(served);
        fetched
    }

    pub(crate) fn is_new(&self, token: &Secret) -> bool {
        let served = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !served.contains(&sha256(token.expose().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn handed_out(served: &Served, token: &str) {
        let fetched = served.hand_out(Fetched::new(token, Duration::from_secs(1)));
        assert_eq!(fetched.token.expose(), token, "it goes on as it came");
    }

    #[test]
    fn what_was_handed_out_is_not_new_any_more() {
        let served = Served::default();
        assert!(served.is_new(&Secret::new("a")));
        handed_out(&served, "a");
        assert!(!served.is_new(&Secret::new("a")) && served.is_new(&Secret::new("b")));
        handed_out(&served, "b");
        assert!(!served.is_new(&Secret::new("a")) && !served.is_new(&Secret::new("b")));
        assert!(!format!("{served:?}").contains("\"a\""));
    }

    #[test]
    fn no_more_than_a_thousand_are_remembered_and_the_last_always() {
        let served = Served::default();
        for number in 0..5000 {
            let token = format!("token-{number}");
            handed_out(&served, &token);
            assert!(!served.is_new(&Secret::new(token)));
            assert!(served.0.lock().unwrap().len() <= 1024);
        }
        handed_out(&served, "token-4999");
        assert!(
            served.0.lock().unwrap().len() > 900,
            "5000 is not a multiple by chance"
        );
    }
}
