//! An authorization code that a web application received for a user.

use std::fmt;
use std::sync::Arc;

use identity_base::{Error, ErrorKind, FetchPolicy, FetchToken, Fetched, KeyBuilder, OwnedRequest, Secret};
use identity_runtime::entra::{Grant, TokenResponse};
use identity_runtime::{Cached, ClientOptions};
use tokio::sync::Mutex;

use crate::account::BoundAccount;
use crate::application::{Application, ProofSetup, Setup, setup_methods};
use crate::client_credentials::forward_credential;
use crate::on_behalf_of::with_scopes;
use crate::proof::{ProofChoice, proof_methods};

const NAME: &str = "AuthorizationCodeCredential";
const GRANT: &str = "authorization_code";

/// Redeems an authorization code that a web application was redirected with, and renews the user's tokens afterwards.
///
/// The code is used **once**, by the first request for a token. Further scopes, tenants and renewals are served by the refresh token that comes along when
/// `offline_access` was among the scopes of the sign-in. When there is none, or it is refused, the error is
/// [`AuthenticationRequired`](ErrorKind::AuthenticationRequired).
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_confidential::AuthorizationCodeCredential;
/// # async fn example(code: String, verifier: String, secret: String) -> Result<(), identity_base::Error> {
/// let credential = AuthorizationCodeCredential::builder(
///     "contoso.com",
///     "44444444-4444-4444-4444-444444444444",
///     code,
///     "https://app.contoso.com/signed-in",
/// )
/// .with_code_verifier(verifier)
/// .with_client_secret(secret)
/// .build()?;
/// let token = credential.get_token(&["https://graph.microsoft.com/User.Read", "offline_access"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct AuthorizationCodeCredential(Cached<AuthorizationCode>);

impl AuthorizationCodeCredential {
    /// A credential of a public client, with the default options. `redirect_uri` is the one that the code was asked for with.
    ///
    /// # Errors
    /// As [`AuthorizationCodeCredentialBuilder::build`].
    pub fn new(
        tenant_id: &str,
        client_id: &str,
        code: impl Into<Secret>,
        redirect_uri: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::builder(tenant_id, client_id, code, redirect_uri).build()
    }

    /// A credential with other options, or of an application that proves itself.
    pub fn builder(
        tenant_id: &str,
        client_id: &str,
        code: impl Into<Secret>,
        redirect_uri: impl Into<String>,
    ) -> AuthorizationCodeCredentialBuilder {
        AuthorizationCodeCredentialBuilder {
            setup: Setup::new(tenant_id, client_id),
            proof: ProofChoice::default(),
            code: code.into(),
            redirect_uri: redirect_uri.into(),
            verifier: None,
        }
    }
}

forward_credential!(AuthorizationCodeCredential);

/// Makes an [`AuthorizationCodeCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthorizationCodeCredentialBuilder {
    setup: Setup,
    proof: ProofChoice,
    code: Secret,
    redirect_uri: String,
    verifier: Option<Secret>,
}

impl AuthorizationCodeCredentialBuilder {
    setup_methods!();
    proof_methods!();

    /// Sets the PKCE code verifier, when the code was asked for with a code challenge.
    pub fn with_code_verifier(mut self, verifier: impl Into<Secret>) -> Self {
        self.verifier = Some(verifier.into());
        self
    }

    /// Checks the settings and makes the credential. Needs no runtime; a certificate's file is read in this call.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the client id, a tenant or an option can't be, when code or redirect URI are empty, when the application has
    /// more than one proof, and for a certificate that [`ClientCertificate::from_bytes`](crate::ClientCertificate::from_bytes) refuses.
    pub fn build(self) -> Result<AuthorizationCodeCredential, Error> {
        let invalid =
            |what: &'static str| Error::new(ErrorKind::InvalidConfiguration, what).with_credential(NAME);
        if self.code.is_empty() {
            return Err(invalid("the authorization code is empty")
                .with_hint("pass the parameter `code` of the redirect"));
        }
        if self.redirect_uri.is_empty() {
            return Err(invalid("the redirect URI is empty")
                .with_hint("pass the one that the code was asked for with"));
        }
        let proof = self.proof.single().map_err(|error| error.with_credential(NAME))?;
        let application = self.setup.build(NAME, proof.unwrap_or(ProofSetup::Public))?;
        let options = application.options().clone();
        let fetcher = AuthorizationCode {
            application: Arc::new(application),
            redirect_uri: self.redirect_uri,
            verifier: self.verifier,
            code_hash: identity_runtime::crypto::sha256(self.code.expose().as_bytes()),
            account: BoundAccount::default(),
            grants: Mutex::new(Grants {
                code: Some(self.code),
                refresh_token: None,
            }),
        };
        Ok(AuthorizationCodeCredential(Cached::new(fetcher, &options)))
    }
}

/// Redeems the code, then refresh tokens.
pub(crate) struct AuthorizationCode {
    application: Arc<Application>,
    redirect_uri: String,
    verifier: Option<Secret>,
    code_hash: [u8; 32],
    account: BoundAccount,
    /// Held over a request: each of them can be used once.
    grants: Mutex<Grants>,
}

struct Grants {
    code: Option<Secret>,
    refresh_token: Option<Secret>,
}

impl AuthorizationCode {
    async fn token(&self, request: &OwnedRequest) -> Result<TokenResponse, Error> {
        let mut grants = self.grants.lock().await;
        let answer = match (grants.code.clone(), grants.refresh_token.clone()) {
            (Some(code), _) => {
                let redemption = self.redemption(request, &code)?;
                // Should this future be dropped while the request is under way, nobody knows whether the code is used up.
                grants.code = None;
                let outcome = self.application.send(request, redemption).await;
                if outcome.as_ref().is_err_and(|error| !is_used_up(error)) {
                    grants.code = Some(code);
                }
                outcome?
            }
            (None, Some(refresh_token)) => {
                let grant = self
                    .application
                    .grant("refresh_token", request)?
                    .secret("refresh_token", &refresh_token)
                    .client_info()
                    .single_use();
                self.application.send(request, grant).await?
            }
            (None, None) => {
                return Err(Error::new(
                    ErrorKind::AuthenticationRequired,
                    "the authorization code is used up and there is no refresh token",
                )
                .with_hint("let the user sign in again, with `offline_access` among the scopes if tokens are to be renewed"));
            }
        };
        self.account.check(&answer)?;
        if let Some(refresh_token) = &answer.refresh_token {
            grants.refresh_token = Some(refresh_token.clone());
        }
        Ok(answer)
    }

    fn redemption(&self, request: &OwnedRequest, code: &Secret) -> Result<Grant, Error> {
        let grant = self
            .application
            .grant(GRANT, request)?
            .secret("code", code)
            .field("redirect_uri", self.redirect_uri.clone())
            .client_info()
            .single_use();
        Ok(match &self.verifier {
            Some(verifier) => grant.secret("code_verifier", verifier),
            None => grant,
        })
    }
}

/// Whether the code can't be used again after this failure: the service refused it, or its answer was lost.
fn is_used_up(error: &Error) -> bool {
    let is_granted = error
        .http_status()
        .is_some_and(|status| (200..300).contains(&status));
    error.kind() == ErrorKind::OutcomeUnknown || error.code() == Some("invalid_grant") || is_granted
}

impl FetchToken for AuthorizationCode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        self.application.cache_identity(key, GRANT);
        key.field("code", self.code_hash);
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let answer = self
            .token(request)
            .await
            .map_err(|error| with_scopes(error, request))?;
        Ok(answer.into_fetched())
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.application.resolve_tenant(requested)
    }

    fn policy(&self) -> FetchPolicy {
        FetchPolicy::new()
            .with_single_use(true)
            .with_negative_cache(false)
    }

    fn generation(&self) -> u64 {
        self.application.generation()
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCode")
            .field("application", &self.application)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
