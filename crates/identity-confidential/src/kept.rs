//! Tokens of an application that outlive the process.

use std::time::Duration;

use identity_base::{ClientId, Error, Fetched, OwnedRequest, TenantId};
use identity_cache::document::{AccessTokenQuery, TokensToAdd};
use identity_cache::flow::{Served, may_read};
use identity_cache::{Environment, TokenCachePersistenceOptions, TokenCaches};
use identity_runtime::ClientOptions;
use identity_runtime::entra::TokenResponse;

/// What looking into a cache and writing to it may take beside the request itself, when others hold its lock or its keyring doesn't answer.
pub(crate) const CACHE_TIME: Duration = Duration::from_secs(20);
/// From this lifetime on, a token without advice from the service is renewed at half life, as all who share the cache do.
const HALF_LIFE_FROM: Duration = Duration::from_secs(2 * 3600);

/// Where tokens are kept, before it is checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptSetup {
    pub(crate) persistence: Option<TokenCachePersistenceOptions>,
    pub(crate) caches: Option<TokenCaches>,
}

impl KeptSetup {
    /// Checks the settings. Nothing is kept when there are none. The options have their authority already.
    pub(crate) fn build(self, options: &ClientOptions) -> Result<Option<Kept>, Error> {
        if let Some(persistence) = &self.persistence {
            persistence.validate()?;
        }
        let caches = match (self.caches, self.persistence) {
            (Some(caches), _) => caches,
            (None, Some(persistence)) => TokenCaches::new(Some(&persistence), options)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Kept {
            caches,
            environment: Environment::of(&options.authority()?),
            served: Served::default(),
        }))
    }
}

/// The caches of an application, in which its own tokens are found and no others.
#[derive(Debug)]
pub(crate) struct Kept {
    caches: TokenCaches,
    environment: Environment,
    served: Served,
}

impl Kept {
    /// A token that makes the request needless: for a plain wish, and while no refresh is due.
    pub(crate) async fn find(
        &self,
        client_id: &ClientId,
        tenant: &TenantId,
        request: &OwnedRequest,
        options: &ClientOptions,
    ) -> Option<Fetched> {
        if !may_read(request) {
            return None;
        }
        let query = AccessTokenQuery::of_app(
            &self.environment,
            tenant.as_str(),
            client_id.as_str(),
            request.scopes(),
        )
        .with_min_remaining(request.min_remaining().unwrap_or_default());
        let now = options.clock().now().system_time();
        let cache = self.caches.get(request.is_cae_enabled());
        let stored = cache.read(|document| document.access_token(&query, now)).await?;
        let is_wanted = stored.is_fresh(now) && self.served.is_new(&stored.token);
        is_wanted.then(|| self.served.hand_out(stored.into_fetched()))
    }

    /// Keeps the token of an answer, as one of the application whatever else the answer holds.
    pub(crate) async fn add(
        &self,
        client_id: &ClientId,
        tenant: &TenantId,
        request: &OwnedRequest,
        response: TokenResponse,
    ) -> Fetched {
        let mut tokens = TokensToAdd::new(
            &self.environment,
            tenant.as_str(),
            client_id.as_str(),
            request.scopes(),
            &response.token,
            response.lifetime,
        );
        if let Some(scope) = &response.scope {
            tokens = tokens.with_granted_scope(scope);
        }
        let half_life = (response.lifetime >= HALF_LIFE_FROM).then(|| response.lifetime / 2);
        if let Some(refresh_in) = response.refresh_in.or(half_life) {
            tokens = tokens.with_refresh_in(refresh_in);
        }
        let now = response.sent.system_time();
        let cache = self.caches.get(request.is_cae_enabled());
        cache.update(|document| document.add(&tokens, now)).await;
        self.served.hand_out(response.into_fetched())
    }

    /// Writes what could not be written before.
    pub(crate) async fn close(&self) {
        self.caches.close().await;
    }
}
