//! The chain for every place: a deployed program finds its identity, a developer's machine its account.

mod assemble;
mod builder;
mod member;
#[cfg(feature = "interactive")]
mod people;
mod select;

use std::sync::Arc;

use identity_base::{CloseFuture, Error, TokenCredential, TokenFuture, TokenHandle, TokenRequest};

pub use self::builder::DefaultAzureCredentialBuilder;
pub use self::member::DefaultMember;
use self::select::Selection;
use crate::ChainedTokenCredential;
use crate::diagnosis::{Diagnosis, Report};

const NAME: &str = "DefaultAzureCredential";

/// Tries the credentials that a program may find, wherever it runs, and keeps to the first that gives a token.
///
/// | | member | by default | for |
/// |---|---|---|---|
/// | 1 | [`EnvironmentCredential`](crate::EnvironmentCredential) | on | deployed programs |
/// | 2 | `WorkloadIdentityCredential` | on | deployed programs |
/// | 3 | `ManagedIdentityCredential` | on | deployed programs |
/// | 4 | `SharedTokenCacheCredential` | on | developers |
/// | 5 | `VisualStudioCodeCredential` | off | developers |
/// | 6 | `AzureCliCredential` | on | developers |
/// | 7 | `AzurePowerShellCredential` | on | developers |
/// | 8 | `AzureDeveloperCliCredential` | on | developers |
/// | 9 | `InteractiveBrowserCredential` | off | developers |
///
/// - A member that isn't set up is passed. One for deployed programs that is refused stops the chain; one for developers doesn't.
/// - The first success is remembered: from then on only that member is asked, for all scopes and tenants. [`selected`](Self::selected) names it.
/// - `AZURE_TOKEN_CREDENTIALS` selects: `dev`, `prod`, or a member's name, in any case. With a name the chain does what that credential alone would: managed
///   identity isn't probed and is asked with all its patience, and the failure of a developer tool is a failure.
/// - A member whose feature is off in this program is left out, and named in the error when nobody gave a token.
///
/// In production it is better to know who answers: set `AZURE_TOKEN_CREDENTIALS`, and let the program insist with
/// [`strict`](DefaultAzureCredentialBuilder::strict) or [`deny_developer_tools`](DefaultAzureCredentialBuilder::deny_developer_tools).
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_chain::DefaultAzureCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = DefaultAzureCredential::new()?;
/// let token = credential.get_token(&["https://storage.azure.com/.default"]).await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`ChainedTokenCredential`]: [`CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) when no member is set up, so that a program can
/// fall back to something else; [`attempts`](Error::attempts) tells what each said.
///
/// ```no_run
/// use identity_base::{ErrorKind, TokenCredential};
/// use identity_chain::DefaultAzureCredential;
/// # async fn example() -> Result<Option<identity_base::AccessToken>, identity_base::Error> {
/// let credential = DefaultAzureCredential::new()?;
/// match credential.get_token(&["https://storage.azure.com/.default"]).await {
///     Ok(token) => Ok(Some(token)),
///     // Nothing is set up here: go on without, to a container that everybody may read.
///     Err(error) if error.kind() == ErrorKind::CredentialUnavailable => Ok(None),
///     // Somebody was refused. That is not for a fallback to hide.
///     Err(error) => Err(error),
/// }
/// # }
/// ```
///
/// Cheap to clone; clones share everything, and closing one closes all.
#[derive(Clone, Debug)]
pub struct DefaultAzureCredential {
    chain: ChainedTokenCredential,
    selection: Arc<Selection>,
}

impl DefaultAzureCredential {
    /// The chain with default options. Does no I/O beside reading environment variables.
    ///
    /// # Errors
    /// As [`DefaultAzureCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A chain with options.
    pub fn builder() -> DefaultAzureCredentialBuilder {
        DefaultAzureCredentialBuilder::default()
    }

    /// The name of the member that answered first and is used from then on; `None` before.
    #[must_use]
    pub fn selected(&self) -> Option<&'static str> {
        self.chain.selected()
    }

    /// The members, in order.
    #[must_use]
    pub fn members(&self) -> &[DefaultMember] {
        &self.selection.members
    }

    /// The members that would take part if their features were on in this program.
    #[must_use]
    pub fn left_out(&self) -> &[DefaultMember] {
        &self.selection.left_out
    }

    /// The chain itself.
    #[must_use]
    pub const fn chain(&self) -> &ChainedTokenCredential {
        &self.chain
    }

    /// Finds out what each member would do for `scope`, and why: see [`Diagnosis`].
    pub async fn diagnose(&self, scope: &str) -> Report {
        self.diagnosis().diagnose(scope).await
    }

    /// The diagnosis of this chain, with options.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        let left_out = self.left_out().iter().copied().map(DefaultMember::name);
        self.chain.diagnosis().with_left_out(left_out.collect())
    }
}

impl TokenCredential for DefaultAzureCredential {
    #[inline]
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        self.chain.get_token_with(request)
    }

    fn handle(&self, scopes: &[&str]) -> Option<TokenHandle> {
        self.chain.handle(scopes)
    }

    fn close(&self) -> CloseFuture<'_> {
        self.chain.close()
    }

    fn name(&self) -> &'static str {
        NAME
    }
}
