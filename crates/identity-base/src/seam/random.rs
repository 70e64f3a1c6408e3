//! Random bytes.

use std::fmt;

use crate::Error;

/// Fills buffers with random bytes from the operating system's generator. Used for state, nonce, code verifier, `jti` and jitter.
pub trait Random: fmt::Debug + Send + Sync {
    /// Fills `buffer`.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when the generator fails.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Error>;
}
