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
