//! Accounts that signed in with other programs.

mod choice;

use std::fmt;
use std::time::Duration;

use identity_base::{Error, ErrorKind, FetchPolicy, FetchToken, Fetched, KeyBuilder, OwnedRequest};
use identity_cache::flow::Served;
use identity_cache::{AuthenticationRecord, TokenCachePersistenceOptions, TokenCaches};
use identity_runtime::Cached;

use crate::application::{Application, Setup, setup_methods};
use crate::credential::forward_credential;
use choice::Choice;

const NAME: &str = "SharedTokenCacheCredential";
/// Reading the cache, and a request for each refresh token of the account.
const TOTAL: Duration = Duration::from_secs(60);

/// Gets tokens for an account that signed in with another program, from the token cache that Microsoft's developer tools share.
///
/// Nobody is ever asked. Without an account, or with several and nothing that tells them apart, the error is
/// [`CredentialUnavailable`](ErrorKind::CredentialUnavailable). Only accounts with a refresh token that applications share are seen.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_interactive::SharedTokenCacheCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = SharedTokenCacheCredential::builder().with_username("ada@contoso.com").build()?;
/// let token = credential.get_token(&["https://management.azure.com/.default"]).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SharedTokenCacheCredential(Cached<SharedCache>);

impl SharedTokenCacheCredential {
    /// The one account in the shared cache.
    ///
    /// # Errors
    /// As [`SharedTokenCacheCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with other settings.
    pub fn builder() -> SharedTokenCacheCredentialBuilder {
        SharedTokenCacheCredentialBuilder {
            setup: Setup::default(),
            username: None,
        }
    }
}

forward_credential!(SharedTokenCacheCredential);

/// Makes a [`SharedTokenCacheCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct SharedTokenCacheCredentialBuilder {
    setup: Setup,
    username: Option<String>,
}

impl SharedTokenCacheCredentialBuilder {
    setup_methods!();

    /// Sets whose account is meant; compared without case. Default: the only one there is.
    pub fn with_username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Sets exactly which account is meant, as `authenticate` of another credential returned it, with its application and authority.
    pub fn with_authentication_record(mut self, record: AuthenticationRecord) -> Self {
        self.setup.record = Some(record);
        self
    }

    /// Checks the settings and makes the credential. Does no I/O and needs no runtime.
    ///
    /// # Errors
    /// [`InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when a tenant, an option or the cache's name can't be.
    pub fn build(mut self) -> Result<SharedTokenCacheCredential, Error> {
        let trouble = match &self.setup.caches {
            Some(_) => None,
            None => self.open()?,
        };
        let home_tenant = self.setup.tenant_id.clone();
        let application = self.setup.build(NAME)?;
        let options = application.options().clone();
        let fetcher = SharedCache {
            application,
            choice: Choice {
                username: self.username.filter(|name| !name.is_empty()),
                home_tenant,
            },
            trouble,
            served: Served::default(),
        };
        Ok(SharedTokenCacheCredential(Cached::new(fetcher, &options)))
    }

    /// Opens whatever is there, however it is kept. A machine that has no place for a cache has no account in one; that is for the first request to tell.
    fn open(&mut self) -> Result<Option<Error>, Error> {
        let default = || TokenCachePersistenceOptions::new().with_allow_unencrypted_storage(true);
        let persistence = self.setup.persistence.take().unwrap_or_else(default);
        persistence
            .validate()
            .map_err(|error| error.with_credential(NAME))?;
        let (caches, trouble) = match TokenCaches::with_unsuffixed(&persistence, &self.setup.options) {
            Ok(caches) => (caches, None),
            Err(error) => (TokenCaches::in_memory(), Some(error)),
        };
        self.setup.caches = Some(caches);
        Ok(trouble)
    }
}

/// Fetches tokens for an account of the cache.
pub(crate) struct SharedCache {
    application: Application,
    choice: Choice,
    served: Served,
    /// Why there is no cache.
    trouble: Option<Error>,
}

impl SharedCache {
    /// The account, as the cache is now.
    async fn account(&self) -> Result<String, Error> {
        if let Some(trouble) = &self.trouble {
            return Err(
                Error::unavailable("the shared token cache can't be opened").with_source(trouble.clone())
            );
        }
        if let Some(record) = self.application.bound.record() {
            return Ok(record.home_account_id().to_owned());
        }
        let environment = self.application.environment();
        // All caches are looked at: the account may have signed in with any of them.
        let caches = self.application.caches();
        let mut found = Vec::new();
        for cache in [
            Some(caches.get(false)),
            Some(caches.get(true)),
            caches.unsuffixed(),
        ] {
            let Some(cache) = cache else { continue };
            found.extend(
                cache
                    .read(|document| choice::candidates(document, environment))
                    .await,
            );
        }
        self.choice.of(found)
    }
}

impl FetchToken for SharedCache {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        self.application.cache_identity(key, "shared_cache");
        key.field(
            "username",
            self.choice.username.as_deref().unwrap_or_default().to_lowercase(),
        );
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let account = self.account().await?;
        let outcome = self
            .application
            .silent_for(request, &account, |token| self.served.is_new(token))
            .await;
        match outcome {
            Ok(silent) => Ok(self.served.hand_out(silent.into_fetched())),
            // Nobody can be asked here: a chain goes on.
            Err(error) if error.kind() == ErrorKind::AuthenticationRequired => {
                let why = "the account in the shared cache has to sign in again";
                Err(Error::unavailable(why)
                    .with_scopes(request.scopes().clone())
                    .with_claims(error.claims().unwrap_or_default())
                    .with_source(error)
                    .with_hint("sign in with the program that filled the cache"))
            }
            Err(error) => Err(error),
        }
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.application.resolve_tenant(requested)
    }

    fn policy(&self) -> FetchPolicy {
        FetchPolicy::new().with_total(TOTAL)
    }

    async fn close(&self) {
        self.application.close().await;
    }
}

impl fmt::Debug for SharedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCache")
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}
