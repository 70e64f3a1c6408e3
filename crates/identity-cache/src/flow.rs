//! What credentials have in common that look into a cache before they ask: when it may answer, and which of its tokens were handed out.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use identity_base::{Fetched, OwnedRequest, Secret};
use identity_runtime::crypto::sha256;

/// So many tokens are remembered.
const MAX_SERVED: usize = 1024;

/// Whether a cached token is what the caller wants: neither another one than that, nor one with claims.
#[must_use]
pub fn may_read(request: &OwnedRequest) -> bool {
    request.claims().is_none() && request.superseded().is_none() && !request.is_background()
}

/// The tokens that were handed out, hashed. The engine keeps them, so when it asks again it wants another one, and the cache must not give the same.
#[derive(Default)]
pub struct Served(Mutex<HashSet<[u8; 32]>>);

impl Served {
    /// Remembers a token that goes to the engine.
    #[must_use]
    pub fn hand_out(&self, fetched: Fetched) -> Fetched {
        let mut served = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if served.len() >= MAX_SERVED {
            served.clear();
        }
        served.insert(sha256(fetched.token.expose().as_bytes()));
        drop(served);
        fetched
    }

    /// Whether this token was never handed out.
    #[must_use]
    pub fn is_new(&self, token: &Secret) -> bool {
        let served = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !served.contains(&sha256(token.expose().as_bytes()))
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity_base::{AccessToken, Scopes};
    use std::time::Duration;

    #[test]
    fn only_a_plain_wish_is_answered_from_the_cache() {
        let plain = || OwnedRequest::new(Scopes::parse(["s"]).unwrap());
        let token = AccessToken::new("rejected", std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert!(may_read(&plain()));
        assert!(may_read(
            &plain().with_tenant("t").with_cae(true).with_superseded(None)
        ));
        assert!(!may_read(&plain().with_claims("{}")));
        assert!(!may_read(&plain().with_superseded(Some(token))));
        assert!(!may_read(&plain().with_background(true)));
    }

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
