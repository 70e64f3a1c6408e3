//! The chain.

mod builder;
mod choice;
mod failure;
mod selection;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use identity_base::{CloseFuture, Error, TokenCredential, TokenFuture, TokenHandle, TokenRequest};
use identity_runtime::ClientOptions;

pub use self::builder::ChainBuilder;
pub(crate) use self::builder::HINT;
pub(crate) use self::failure::goes_on;
pub(crate) use self::selection::{Chain, Member};
use crate::diagnosis::{Diagnosis, Report};

/// Tries its members in order and keeps to the first that gives a token.
///
/// - A member that is unavailable is passed; any other failure stops the chain, that of a developer tool as well unless it was added with
///   [`push_developer_tool`](ChainBuilder::push_developer_tool).
/// - While it chooses, members know that others wait ([`TokenRequest::within_chain`]): managed identity probes for a second instead of asking with all its
///   patience, and what answers in the place of its endpoint is unavailable. The winner is asked afterwards as if there were no chain.
/// - The first success is remembered: from then on only that member is asked, and its failures are the chain's.
/// - Choosing happens once, however many callers and whatever their scopes: the others wait for the choice and then ask the winner, in parallel. If the first
///   one was refused, the others are tried for their own scopes, in parallel as well.
/// - Claims, tenant, CAE and the other wishes of a request reach every member.
/// - A cached token costs what it costs with the winner alone: no allocation.
///
/// ```
/// use std::sync::Arc;
/// use identity_base::TokenCredential;
/// use identity_chain::ChainedTokenCredential;
/// # fn example(first: Arc<dyn TokenCredential>, second: Arc<dyn TokenCredential>) -> Result<(), identity_base::Error> {
/// let credential = ChainedTokenCredential::new(vec![first, second])?;
/// assert_eq!(credential.selected(), None, "chosen at the first request");
/// # Ok(()) }
/// ```
///
/// # Errors
/// When every member was unavailable, the error's kind is [`CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable), so that chains nest and a
/// program can fall back. Else it is [`AuthenticationFailed`](identity_base::ErrorKind::AuthenticationFailed), or
/// [`IdentityMismatch`](identity_base::ErrorKind::IdentityMismatch). [`attempts`](Error::attempts) tells what each member said.
#[derive(Clone)]
pub struct ChainedTokenCredential(Arc<Chain>);

impl ChainedTokenCredential {
    /// A chain of `members`, in this order.
    ///
    /// # Errors
    /// [`InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when there are none.
    pub fn new(members: Vec<Arc<dyn TokenCredential>>) -> Result<Self, Error> {
        members
            .into_iter()
            .fold(Self::builder(), ChainBuilder::push)
            .build()
    }

    /// Builds a chain member by member.
    pub fn builder() -> ChainBuilder {
        ChainBuilder::new(&ClientOptions::default())
    }

    /// The name of the member that answered first and is used from then on; `None` before.
    #[must_use]
    pub fn selected(&self) -> Option<&'static str> {
        self.0.winner().map(|winner| winner.name())
    }

    /// The members, in order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Arc<dyn TokenCredential>> {
        self.0.members.iter().map(|member| &member.credential)
    }

    /// Finds out what each member would do for `scope`, and why: see [`Diagnosis`].
    pub async fn diagnose(&self, scope: &str) -> Report {
        self.diagnosis().diagnose(scope).await
    }

    /// The diagnosis of this chain, with options.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        Diagnosis::new(self.clone())
    }

    pub(crate) fn chain(&self) -> &Chain {
        &self.0
    }

    async fn close_members(&self) {
        self.0.close();
        for member in &self.0.members {
            member.credential.close().await;
        }
    }
}

impl TokenCredential for ChainedTokenCredential {
    #[inline]
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        match self.0.winner() {
            Some(winner) => winner.get_token_with(request),
            None => choice::choose(&self.0, &request),
        }
    }

    fn handle(&self, scopes: &[&str]) -> Option<TokenHandle> {
        self.0.winner()?.handle(scopes)
    }

    fn close(&self) -> CloseFuture<'_> {
        CloseFuture::new(self.close_members())
    }

    fn name(&self) -> &'static str {
        self.0.name
    }
}

impl fmt::Debug for ChainedTokenCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<_> = self.members().collect();
        f.debug_struct(self.0.name)
            .field("members", &members)
            .field("selected", &self.selected())
            .finish()
    }
}
