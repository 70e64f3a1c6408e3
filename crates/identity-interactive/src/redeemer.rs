//! Tokens for an account that another credential found.

use std::fmt;

use identity_base::{Error, ErrorKind, Fetched, OwnedRequest, TenantId};
use identity_cache::flow::Served;
use identity_cache::{AuthenticationRecord, TokenCachePersistenceOptions, TokenCaches};
use identity_runtime::ClientOptions;

use crate::application::Setup;

/// Gets tokens for accounts of a token cache without asking anybody: the part that a credential needs which finds its account elsewhere, as that of Visual
/// Studio Code does.
///
/// ```no_run
/// use identity_base::{Error, Fetched, OwnedRequest};
/// use identity_interactive::{AuthenticationRecord, ClientOptions, SilentRedeemer};
/// # async fn example(record: AuthenticationRecord, request: &OwnedRequest) -> Result<Fetched, Error> {
/// let redeemer = SilentRedeemer::new(&ClientOptions::default())?;
/// redeemer.redeem("SomeCredential", &record, record.tenant_id(), request).await
/// # }
/// ```
pub struct SilentRedeemer {
    options: ClientOptions,
    caches: TokenCaches,
    served: Served,
}

impl SilentRedeemer {
    /// For accounts of the cache that Microsoft's developer tools share, however it is kept.
    ///
    /// # Errors
    /// As [`TokenCaches::with_unsuffixed`].
    pub fn new(options: &ClientOptions) -> Result<Self, Error> {
        let persistence = TokenCachePersistenceOptions::new().with_allow_unencrypted_storage(true);
        Ok(Self::with_caches(
            options,
            &TokenCaches::with_unsuffixed(&persistence, options)?,
        ))
    }

    /// For accounts of these caches.
    #[must_use]
    pub fn with_caches(options: &ClientOptions, caches: &TokenCaches) -> Self {
        Self {
            options: options.clone(),
            caches: caches.clone(),
            served: Served::default(),
        }
    }

    /// Gets a token for the record's account in `tenant`, in the name of `credential`. Scopes, claims and CAE are the request's; its tenant isn't looked at.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`] when the cache has nothing for the account, or the service wants a person; else what asking for a token failed
    /// with.
    pub async fn redeem(
        &self,
        credential: &'static str,
        record: &AuthenticationRecord,
        tenant: &TenantId,
        request: &OwnedRequest,
    ) -> Result<Fetched, Error> {
        let setup = Setup {
            tenant_id: Some(tenant.as_str().to_owned()),
            options: self.options.clone(),
            additionally_allowed_tenants: vec!["*".to_owned()],
            record: Some(record.clone()),
            caches: Some(self.caches.clone()),
            ..Setup::default()
        };
        let application = setup.build(credential)?;
        let request = request.clone().with_tenant(tenant.as_str());
        match application
            .silent(&request, |token| self.served.is_new(token))
            .await
        {
            Ok(silent) => Ok(self.served.hand_out(silent.into_fetched())),
            Err(error) if error.kind() == ErrorKind::AuthenticationRequired => Err(Error::unavailable(
                "the shared token cache has no usable sign-in of this account",
            )
            .with_scopes(request.scopes().clone())
            .with_claims(error.claims().unwrap_or_default())
            .with_source(error)
            .with_hint("sign in again with the program that the account belongs to")),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for SilentRedeemer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SilentRedeemer")
            .field("caches", &self.caches)
            .finish_non_exhaustive()
    }
}
