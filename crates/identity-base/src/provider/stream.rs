//! Following a token through its renewals.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::BearerTokenProvider;
use crate::seam::Clock;
use crate::{AccessToken, Error};

/// How often it is looked for a new token once its refresh is due. The refresh itself runs in the background and at its own pace.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The tokens of a [`BearerTokenProvider`], each new one once: for pools and clients that are to be told of a new token.
///
/// ```
/// # use identity_base::{Error, TokenStream};
/// # fn hand_over(token: &str) {}
/// # async fn example(mut tokens: TokenStream) -> Result<(), Error> {
/// loop {
///     hand_over(tokens.next().await?.secret());
/// }
/// # }
/// ```
pub struct TokenStream {
    provider: BearerTokenProvider,
    clock: Arc<dyn Clock>,
    last: Option<AccessToken>,
}

impl TokenStream {
    pub(super) fn new(provider: BearerTokenProvider, clock: Arc<dyn Clock>) -> Self {
        Self {
            provider,
            clock,
            last: None,
        }
    }

    /// The next token: the current one at first, later ones once they are there. It never ends. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The credential's, when there is no usable token any more. The next call tries again.
    pub async fn next(&mut self) -> Result<AccessToken, Error> {
        loop {
            let token = self.provider.token().await?;
            if !self.last.as_ref().is_some_and(|last| last.is_same(&token)) {
                self.last = Some(token.clone());
                return Ok(token);
            }
            self.clock.sleep(self.wait(&token)).await;
        }
    }

    /// How long there will be no new token.
    fn wait(&self, token: &AccessToken) -> Duration {
        let due = token
            .refresh_on_millis()
            .unwrap_or_else(|| token.expires_on_millis());
        let left = due.saturating_sub(self.clock.now().wall).max(0).unsigned_abs();
        Duration::from_millis(left).max(LOOK_AGAIN)
    }
}

impl fmt::Debug for TokenStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenStream")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}
