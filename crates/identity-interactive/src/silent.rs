//! Tokens without asking anybody: from the cache, or for a refresh token.

use std::time::Duration;

use identity_base::{Error, ErrorKind, Fetched, OwnedRequest, Secret, TenantId};
use identity_cache::document::{AccessTokenQuery, StoredAccessToken, StoredRefreshToken, TokensToAdd};
use identity_cache::flow::may_read;
use identity_cache::{CacheStatus, TokenCache};
use identity_runtime::entra::TokenResponse;

use crate::application::{Application, realm};
use crate::id_token;

/// Microsoft's own applications share refresh tokens within this family.
const MICROSOFT_FAMILY: &str = "1";
/// How long a cached token has to be valid yet to be handed out.
const MIN_REMAINING: Duration = Duration::from_secs(300);

/// A token that came without a prompt.
#[derive(Debug)]
pub(crate) enum Silent {
    /// From the cache.
    Cached(StoredAccessToken),
    /// For a refresh token.
    Renewed(Box<TokenResponse>),
}

impl Silent {
    /// What the token engine keeps.
    pub(crate) fn into_fetched(self) -> Fetched {
        match self {
            Self::Renewed(response) => response.into_fetched(),
            Self::Cached(stored) => stored.into_fetched(),
        }
    }
}

impl Application {
    /// A token for the account that signed in. `is_new` says whether a cached token may be handed out.
    ///
    /// # Errors
    /// [`ErrorKind::AuthenticationRequired`] with scopes and claims when a person has to sign in; else what asking for a new token failed with.
    pub(crate) async fn silent(
        &self,
        request: &OwnedRequest,
        is_new: impl Fn(&Secret) -> bool,
    ) -> Result<Silent, Error> {
        let Some(record) = self.bound.record() else {
            return Err(required(request, None, None));
        };
        self.silent_for(request, record.home_account_id(), is_new).await
    }

    /// As [`silent`](Self::silent), for the account of this id.
    pub(crate) async fn silent_for(
        &self,
        request: &OwnedRequest,
        home_account_id: &str,
        is_new: impl Fn(&Secret) -> bool,
    ) -> Result<Silent, Error> {
        let tenant = self.tenant(request)?;
        let is_cae = request.is_cae_enabled();
        if may_read(request)
            && let Some(stored) = self.stored_token(request, &tenant, home_account_id).await
            && is_new(&stored.token)
        {
            return Ok(Silent::Cached(stored));
        }
        let mut refused = None;
        let mut tried: Vec<Secret> = Vec::new();
        // The refresh tokens of the other caches are as good: whether a token takes part in continuous access evaluation is asked for with each request.
        let caches = [
            (Some(self.caches().get(is_cae)), true),
            (Some(self.caches().get(!is_cae)), false),
            (self.caches().unsuffixed(), false),
        ];
        for (cache, is_in_place) in caches {
            let Some(cache) = cache else { continue };
            for candidate in self.candidates(cache, home_account_id).await {
                if tried
                    .iter()
                    .any(|token| token.constant_time_eq(candidate.token()))
                {
                    continue;
                }
                tried.push(candidate.token().clone());
                match self.redeem(request, &tenant, &candidate, is_in_place).await {
                    Ok(response) => return Ok(Silent::Renewed(Box::new(response))),
                    Err(error) if is_refusal(&error, self.is_own(&candidate)) => refused = Some(error),
                    Err(error) => return Err(error),
                }
            }
        }
        Err(required(request, refused, unusable(self.caches().get(is_cae))))
    }

    async fn stored_token(
        &self,
        request: &OwnedRequest,
        tenant: &TenantId,
        home_account_id: &str,
    ) -> Option<StoredAccessToken> {
        let client_id = self.client_id().as_str();
        let query = AccessTokenQuery::of_account(
            self.environment(),
            realm(tenant, home_account_id),
            client_id,
            home_account_id,
            request.scopes(),
        )
        .with_min_remaining(MIN_REMAINING);
        let now = self.options().clock().now().system_time();
        let cache = self.caches().get(request.is_cae_enabled());
        cache.read(|document| document.access_token(&query, now)).await
    }

    /// The account's refresh tokens in the order in which they are tried: those of the application's family, then its own, newest first. An application that
    /// nothing is known of may be of Microsoft's family.
    async fn candidates(&self, cache: &TokenCache, home_account_id: &str) -> Vec<StoredRefreshToken> {
        let (environment, client_id) = (self.environment(), self.client_id().as_str());
        cache
            .read(|document| {
                let family = match document.app_metadata(environment, client_id) {
                    Some(metadata) => metadata.family_id,
                    None => Some(MICROSOFT_FAMILY.to_owned()),
                };
                let mut found = family.map_or_else(Vec::new, |family| {
                    document.family_refresh_tokens(environment, home_account_id, &family)
                });
                found.extend(document.refresh_tokens(environment, home_account_id, client_id));
                found
            })
            .await
    }

    fn is_own(&self, candidate: &StoredRefreshToken) -> bool {
        candidate
            .client_id()
            .eq_ignore_ascii_case(self.client_id().as_str())
    }

    /// Exchanges a refresh token and keeps what comes back.
    async fn redeem(
        &self,
        request: &OwnedRequest,
        tenant: &TenantId,
        candidate: &StoredRefreshToken,
        is_in_place: bool,
    ) -> Result<TokenResponse, Error> {
        let grant = self
            .grant("refresh_token", request)?
            .secret("refresh_token", candidate.token())
            .single_use();
        let grant = self.endpoints(tenant).await?.aim(grant)?;
        let response = self.client().send(tenant, &grant).await?;
        let expected = id_token::Expected {
            application: self,
            tenant,
            nonce: None,
        };
        id_token::check(&response, &expected)?;
        let tokens = TokensToAdd::from_response(
            self.environment(),
            realm(tenant, candidate.home_account_id()),
            self.client_id().as_str(),
            request.scopes(),
            &response,
        );
        if tokens
            .home_account_id()
            .is_some_and(|account| account != candidate.home_account_id())
        {
            return Err(Error::new(
                ErrorKind::IdentityMismatch,
                "the refreshed token is for another account",
            ));
        }
        let now = response.sent.system_time();
        let cache = self.caches().get(request.is_cae_enabled());
        cache
            .update(|document| match is_in_place {
                true => document.add_refreshed(&tokens, candidate, now),
                false => document.add(&tokens, now),
            })
            .await;
        Ok(response)
    }
}

/// Whether the service refused this refresh token, so that the next one may do: one of another application may be refused for more reasons.
fn is_refusal(error: &Error, is_own: bool) -> bool {
    match error.kind() {
        ErrorKind::AuthenticationRequired => true,
        ErrorKind::AuthenticationFailed => !is_own,
        _ => false,
    }
}

/// Why what is kept can't be used, if it can't: a locked keyring, a file of somebody else.
fn unusable(cache: &TokenCache) -> Option<String> {
    match cache.status() {
        CacheStatus::MemoryOnly(why) => Some(why),
        _ => None,
    }
}

/// Says that a person has to sign in, for what, and why.
fn required(request: &OwnedRequest, refused: Option<Error>, unusable: Option<String>) -> Error {
    let error = match refused {
        Some(refused) if refused.kind() == ErrorKind::AuthenticationRequired => refused,
        Some(refused) => {
            Error::new(ErrorKind::AuthenticationRequired, "a person has to sign in").with_source(refused)
        }
        None => {
            let why = unusable.map_or_else(
                || "there is no account with a refresh token in the cache".to_owned(),
                |why| format!("the token cache can't be used: {why}"),
            );
            Error::new(
                ErrorKind::AuthenticationRequired,
                format!("a person has to sign in: {why}"),
            )
        }
    };
    let claims = error
        .claims()
        .or_else(|| request.claims())
        .unwrap_or_default()
        .to_owned();
    let error = error.with_scopes(request.scopes().clone()).with_claims(&claims);
    match error.hint() {
        Some(_) => error,
        None => error.with_hint("call `authenticate` with the error's scopes and claims"),
    }
}
