//! Credentials for many users.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use identity_base::{Error, Secret};
use identity_runtime::crypto::sha256;

use super::OnBehalfOfCredential;
use crate::application::Application;

/// How many users are remembered.
const MAX_KEPT: usize = 10_000;

/// The on-behalf-of credentials of a web service: one for each user assertion, kept so that a user's next request finds their tokens.
///
/// Keyed by the assertion's hash: a renewed assertion of the same user gets a credential of its own. 10,000 are kept; beyond that the one that wasn't asked
/// for longest goes. Cheap to clone; clones share.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_confidential::OnBehalfOfCredential;
/// # async fn example(secret: String) -> Result<(), identity_base::Error> {
/// let users = OnBehalfOfCredential::builder("contoso.com", "44444444-4444-4444-4444-444444444444")
///     .with_client_secret(secret)
///     .build_for_many()?;
/// // In the handler of a request, with the token from its `Authorization` header:
/// # let bearer_token = String::new();
/// let credential = users.for_user(bearer_token)?;
/// let token = credential.get_token(&["https://graph.microsoft.com/User.Read"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct OnBehalfOfCredentials(Arc<Inner>);

struct Inner {
    application: Arc<Application>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// By the assertion's hash, with the turn at which each was last asked for.
    users: HashMap<[u8; 32], (OnBehalfOfCredential, u64)>,
    turn: u64,
}

impl OnBehalfOfCredentials {
    pub(super) fn new(application: Arc<Application>) -> Self {
        Self(Arc::new(Inner {
            application,
            kept: Mutex::default(),
        }))
    }

    /// The credential for a user whose token the service was called with.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the assertion is empty.
    pub fn for_user(&self, user_assertion: impl Into<Secret>) -> Result<OnBehalfOfCredential, Error> {
        let assertion = user_assertion.into();
        let hash = sha256(assertion.expose().as_bytes());
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn = kept.turn.wrapping_add(1);
        let turn = kept.turn;
        // One that a handler closed when it was done gives out no token any more: the user gets a new one.
        if let Some((credential, last)) = kept.users.get_mut(&hash).filter(|(kept, _)| !kept.0.is_closed()) {
            *last = turn;
            return Ok(credential.clone());
        }
        let credential = OnBehalfOfCredential::of(Arc::clone(&self.0.application), assertion)?;
        let forgotten = match kept.users.len() >= MAX_KEPT {
            true => kept.forget_oldest(),
            false => Vec::new(),
        };
        let closed = kept.users.insert(hash, (credential.clone(), turn));
        drop(kept);
        // After the lock is gone: their requests end, and observers are told.
        drop((forgotten, closed));
        Ok(credential)
    }

    /// How many users are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .users
            .len()
    }

    /// Whether no user is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Kept {
    /// Makes room: a tenth at once, so that the search for the oldest is paid for once in a thousand new users.
    #[must_use]
    fn forget_oldest(&mut self) -> Vec<OnBehalfOfCredential> {
        let mut turns: Vec<u64> = self.users.values().map(|(_, turn)| *turn).collect();
        let (_, oldest_kept, _) = turns.select_nth_unstable(MAX_KEPT / 10);
        let oldest_kept = *oldest_kept;
        self.users
            .extract_if(|_, (_, turn)| *turn < oldest_kept)
            .map(|(_, (credential, _))| credential)
            .collect()
    }
}

impl fmt::Debug for OnBehalfOfCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnBehalfOfCredentials")
            .field("application", &self.0.application)
            .field("users", &self.len())
            .finish_non_exhaustive()
    }
}
