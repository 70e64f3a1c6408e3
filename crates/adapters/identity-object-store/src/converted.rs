//! A token, and what it was made into.
#![cfg_attr(
    not(any(feature = "object_store_0_13", feature = "object_store_0_14")),
    expect(dead_code, reason = "without a version there is nothing to convert to")
)]

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use identity_base::AccessToken;

/// The last token that was converted, so that one token is converted once.
pub(crate) struct Converted<C>(Mutex<Option<(AccessToken, Arc<C>)>>);

impl<C> Converted<C> {
    /// What `token` converts to.
    pub(crate) fn of(&self, token: &AccessToken, convert: impl FnOnce(String) -> C) -> Arc<C> {
        // Nothing that runs under the lock leaves it half done.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, converted)) = &*last
            && known.is_same(token)
        {
            return Arc::clone(converted);
        }
        let converted = Arc::new(convert(token.secret().to_owned()));
        *last = Some((token.clone(), Arc::clone(&converted)));
        converted
    }
}

impl<C> Default for Converted<C> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<C> fmt::Debug for Converted<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Converted").finish_non_exhaustive()
    }
}
