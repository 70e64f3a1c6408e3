//! On behalf of a user: a web service trades the token it was called with for one to the next service.

mod builder;
mod many;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use identity_base::{Error, ErrorKind, FetchToken, Fetched, KeyBuilder, OwnedRequest, Secret};
use identity_runtime::Cached;
use identity_runtime::crypto::sha256;
use identity_runtime::entra::TokenResponse;

pub use self::builder::OnBehalfOfCredentialBuilder;
pub use self::many::OnBehalfOfCredentials;
use crate::account::BoundAccount;
use crate::application::Application;
use crate::client_credentials::forward_credential;

const NAME: &str = "OnBehalfOfCredential";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How many refresh tokens of a user are kept: one for each tenant that is asked for.
const MAX_REFRESH_TOKENS: usize = 64;

/// Obtains tokens on behalf of a user whose token a web service was called with.
///
/// A credential belongs to **one** user assertion; it never gives out another user's token. A service that handles many users takes
/// [`OnBehalfOfCredentials`], which keeps one credential for each.
///
/// When the service gives a refresh token along, that is used for further scopes and for renewal, and the assertion again when it is refused.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_confidential::OnBehalfOfCredential;
/// # async fn example(secret: String, bearer_token: String) -> Result<(), identity_base::Error> {
/// let credential =
///     OnBehalfOfCredential::new("contoso.com", "44444444-4444-4444-4444-444444444444", secret, bearer_token)?;
/// let token = credential.get_token(&["https://graph.microsoft.com/User.Read"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct OnBehalfOfCredential(Cached<OnBehalfOf>);

impl OnBehalfOfCredential {
    /// A credential of an application with a secret, and the default options. `user_assertion` is the access token that the service was called with.
    ///
    /// # Errors
    /// As [`OnBehalfOfCredentialBuilder::build`].
    pub fn new(
        tenant_id: &str,
        client_id: &str,
        client_secret: impl Into<Secret>,
        user_assertion: impl Into<Secret>,
    ) -> Result<Self, Error> {
        Self::builder(tenant_id, client_id)
            .with_client_secret(client_secret)
            .build(user_assertion)
    }

    /// A credential with other options. It needs a client secret, a certificate or a client assertion.
    pub fn builder(tenant_id: &str, client_id: &str) -> OnBehalfOfCredentialBuilder {
        OnBehalfOfCredentialBuilder::new(tenant_id, client_id)
    }

    /// The credential of an application for one user.
    fn of(application: Arc<Application>, assertion: Secret) -> Result<Self, Error> {
        if assertion.is_empty() {
            return Err(
                Error::new(ErrorKind::InvalidConfiguration, "the user assertion is empty")
                    .with_credential(NAME)
                    .with_hint("pass the access token that the service was called with, without `Bearer `"),
            );
        }
        let options = application.options().clone();
        let fetcher = OnBehalfOf {
            application,
            assertion_hash: sha256(assertion.expose().as_bytes()),
            assertion,
            account: BoundAccount::default(),
            refresh_tokens: Mutex::default(),
        };
        Ok(Self(Cached::new(fetcher, &options)))
    }
}

forward_credential!(OnBehalfOfCredential);

/// Fetches tokens for one user assertion.
pub(crate) struct OnBehalfOf {
    application: Arc<Application>,
    assertion: Secret,
    assertion_hash: [u8; 32],
    account: BoundAccount,
    /// By tenant, and apart for continuous access evaluation.
    refresh_tokens: Mutex<HashMap<(String, bool), Secret>>,
}

impl OnBehalfOf {
    async fn token(&self, request: &OwnedRequest) -> Result<TokenResponse, Error> {
        // Taken out while it is used: the service may take a refresh token once only, and others can use the assertion meanwhile.
        let key = self.key(request)?;
        if let Some(refresh_token) = self.take(&key) {
            match self.refresh(request, &refresh_token).await {
                Err(error) if !is_refusal(&error) => {
                    self.keep(key, refresh_token);
                    return Err(error);
                }
                // The assertion may still be good.
                Err(error) => tracing::debug!(
                    target: identity_runtime::trace::TARGET,
                    credential = NAME,
                    kind = ?error.kind(),
                    "the refresh token was refused; the assertion is exchanged again"
                ),
                outcome => return outcome,
            }
        }
        let grant = self
            .application
            .grant(GRANT, request)?
            .secret("assertion", &self.assertion)
            .field("requested_token_use", "on_behalf_of")
            .client_info();
        self.application.send(request, grant).await
    }

    async fn refresh(&self, request: &OwnedRequest, refresh_token: &Secret) -> Result<TokenResponse, Error> {
        let grant = self
            .application
            .grant("refresh_token", request)?
            .secret("refresh_token", refresh_token)
            .client_info()
            .single_use();
        let mut answer = self.application.send(request, grant).await?;
        // Without a new one the old one stays good.
        answer.refresh_token.get_or_insert_with(|| refresh_token.clone());
        Ok(answer)
    }

    fn key(&self, request: &OwnedRequest) -> Result<(String, bool), Error> {
        let tenant = self.application.tenant(request)?;
        Ok((tenant.as_str().to_ascii_lowercase(), request.is_cae_enabled()))
    }

    fn take(&self, key: &(String, bool)) -> Option<Secret> {
        self.refresh_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key)
    }

    fn keep(&self, key: (String, bool), refresh_token: Secret) {
        let mut kept = self.refresh_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        // Without it the assertion is exchanged again, so nothing is lost beyond this.
        if kept.len() < MAX_REFRESH_TOKENS || kept.contains_key(&key) {
            kept.insert(key, refresh_token);
        }
    }
}

/// Whether the refresh token itself is at fault, or nobody knows what became of it.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AuthenticationFailed | ErrorKind::AuthenticationRequired | ErrorKind::OutcomeUnknown
    )
}

impl FetchToken for OnBehalfOf {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        self.application.cache_identity(key, GRANT);
        key.field("assertion", self.assertion_hash);
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let answer = self
            .token(request)
            .await
            .map_err(|error| with_scopes(error, request))?;
        self.account.check(&answer)?;
        if let Some(refresh_token) = &answer.refresh_token {
            self.keep(self.key(request)?, refresh_token.clone());
        }
        Ok(answer.into_fetched())
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.application.resolve_tenant(requested)
    }

    fn generation(&self) -> u64 {
        self.application.generation()
    }
}

/// A sign-in that is required is for these scopes.
pub(crate) fn with_scopes(error: Error, request: &OwnedRequest) -> Error {
    match error.is_authentication_required() && error.scopes().is_none() {
        true => error.with_scopes(request.scopes().clone()),
        false => error,
    }
}

impl fmt::Debug for OnBehalfOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnBehalfOf")
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}
