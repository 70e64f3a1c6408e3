//! Finding access tokens.

use std::fmt;
use std::time::{Duration, SystemTime};

use identity_base::{Fetched, Scopes, Secret};
use identity_runtime::json::Json;

use super::keys::{Components, EXTENDED_MEMBER, EntryMap};
use super::{Document, seconds, text, unix_seconds};
use crate::Environment;

/// A token is renewed this long before its end, or a third of its life if that is shorter: as long as the engine, which would renew it at once.
const REFRESH_MARGIN: Duration = Duration::from_secs(600);

/// Which access token is asked for.
///
/// Everything has to fit: the cloud, the tenant, the client, the account (or that it is the application's own), and all scopes. Another account's, cloud's or
/// tenant's token is never found.
#[derive(Clone, Debug)]
pub struct AccessTokenQuery<'a> {
    environment: &'a Environment,
    realm: &'a str,
    client_id: &'a str,
    home_account_id: Option<&'a str>,
    scopes: &'a Scopes,
    components: Components,
    min_remaining: Duration,
}

impl<'a> AccessTokenQuery<'a> {
    /// A token of the application itself. `realm` is the tenant in the path of the token endpoint.
    #[must_use]
    pub fn of_app(
        environment: &'a Environment,
        realm: &'a str,
        client_id: &'a str,
        scopes: &'a Scopes,
    ) -> Self {
        Self {
            environment,
            realm,
            client_id,
            home_account_id: None,
            scopes,
            components: Components::default(),
            min_remaining: Duration::ZERO,
        }
    }

    /// A token of a user's account.
    #[must_use]
    pub fn of_account(
        environment: &'a Environment,
        realm: &'a str,
        client_id: &'a str,
        home_account_id: &'a str,
        scopes: &'a Scopes,
    ) -> Self {
        Self {
            home_account_id: Some(home_account_id),
            ..Self::of_app(environment, realm, client_id, scopes)
        }
    }

    /// Sets the parameters that make a token another one. Default: none, and then no token that was got with some is found.
    #[must_use]
    pub fn with_components(mut self, components: Components) -> Self {
        self.components = components;
        self
    }

    /// Sets how long the token has to be valid yet. Default: not at all, as long as it is not expired.
    #[must_use]
    pub const fn with_min_remaining(mut self, min_remaining: Duration) -> Self {
        self.min_remaining = min_remaining;
        self
    }

    fn matches(&self, key: &str, entry: &Json) -> bool {
        let is_account = match self.home_account_id {
            Some(account) => !account.is_empty() && text(entry, "home_account_id") == account,
            None => matches!(entry.get("home_account_id"), None | Some(Json::Null)),
        };
        is_account
            && self.environment.matches(text(entry, "environment"))
            // Tenants and clients are the same in any case.
            && text(entry, "realm").eq_ignore_ascii_case(self.realm)
            && text(entry, "client_id").eq_ignore_ascii_case(self.client_id)
            && self.has_scopes(text(entry, "target"))
            && self.has_components(key, entry)
            && is_bearer(entry)
    }

    fn has_scopes(&self, target: &str) -> bool {
        self.scopes.iter().all(|scope| {
            target
                .split_ascii_whitespace()
                .any(|granted| granted.eq_ignore_ascii_case(scope))
        })
    }

    /// A plain query never finds an extended entry, by whatever it shows itself; an extended one needs the same hash, made anew from what is asked.
    fn has_components(&self, key: &str, entry: &Json) -> bool {
        match self.components.is_empty() {
            true => !is_extended(key, entry),
            false => text(entry, EXTENDED_MEMBER).eq_ignore_ascii_case(&self.components.hash()),
        }
    }
}

/// Whether an entry was got with parameters that make it another one. Not every writer notes them in the same place.
fn is_extended(key: &str, entry: &Json) -> bool {
    let kind = text(entry, "credential_type");
    entry.get(EXTENDED_MEMBER).is_some()
        || !(kind.is_empty() || kind.eq_ignore_ascii_case("AccessToken"))
        || key.contains("-atext-")
}

/// Tokens that are bound to a key can't be used without it.
fn is_bearer(entry: &Json) -> bool {
    let kind = text(entry, "token_type");
    (kind.is_empty() || kind.eq_ignore_ascii_case("bearer"))
        && matches!(entry.get("key_id"), None | Some(Json::Null))
}

/// An access token from the document.
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredAccessToken {
    /// The token.
    pub token: Secret,
    /// When it expires.
    pub expires_on: SystemTime,
    /// From when a refresh is advised, if the service said so.
    pub refresh_on: Option<SystemTime>,
    /// When it was put into the document, if its writer noted that.
    pub cached_at: Option<SystemTime>,
}

impl StoredAccessToken {
    /// Whether no refresh is due yet: neither advised by the service, nor for the token's end, which is ten minutes away or a third of the token's life if
    /// that is shorter. A token of the future isn't fresh: the clock was set back, so that its end can't be told.
    #[must_use]
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        let lifetime = match self.cached_at {
            Some(cached_at) if cached_at > now => return false,
            Some(cached_at) => self.expires_on.duration_since(cached_at).ok(),
            None => None,
        };
        let margin = lifetime.map_or(REFRESH_MARGIN, |lifetime| REFRESH_MARGIN.min(lifetime / 3));
        let is_advised = self.refresh_on.is_some_and(|refresh_on| refresh_on <= now);
        let left = self.expires_on.duration_since(now).unwrap_or_default();
        !is_advised && left > margin
    }

    /// What the token engine keeps.
    #[must_use]
    pub fn into_fetched(self) -> Fetched {
        let fetched = Fetched::expiring_at(self.token, self.expires_on);
        match self.refresh_on {
            Some(refresh_on) => fetched.refresh_at(refresh_on),
            None => fetched,
        }
    }
}

impl fmt::Debug for StoredAccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredAccessToken")
            .field("expires_on", &self.expires_on)
            .field("refresh_on", &self.refresh_on)
            .field("cached_at", &self.cached_at)
            .finish_non_exhaustive()
    }
}

impl Document {
    /// The access token that fits, the one that is valid longest if there are several.
    #[must_use]
    pub fn access_token(&self, query: &AccessTokenQuery<'_>, now: SystemTime) -> Option<StoredAccessToken> {
        let needed = unix_seconds(now)
            .saturating_add(i64::try_from(query.min_remaining.as_secs()).unwrap_or(i64::MAX));
        self.map(EntryMap::AccessToken)
            .iter()
            .filter(|(key, entry)| query.matches(key, entry))
            .filter_map(|(_, entry)| Some((seconds(entry, "expires_on")?, entry)))
            .filter(|(expires_on, entry)| *expires_on > needed && !text(entry, "secret").is_empty())
            .max_by_key(|(expires_on, _)| *expires_on)
            .and_then(|(expires_on, entry)| {
                Some(StoredAccessToken {
                    token: Secret::new(text(entry, "secret")),
                    expires_on: time(expires_on)?,
                    refresh_on: seconds(entry, "refresh_on").and_then(time),
                    cached_at: seconds(entry, "cached_at").and_then(time),
                })
            })
    }

    /// Drops access tokens that are expired, and tells how many. One that its service lets live longer while it can't be reached (`extended_expires_on`)
    /// is not expired before that.
    pub fn drop_expired(&mut self, now: SystemTime) -> usize {
        let now = unix_seconds(now);
        self.drop_entries(EntryMap::AccessToken, |_, entry| is_expired(entry, now))
    }
}

pub(super) fn is_expired(entry: &Json, now: i64) -> bool {
    let end = seconds(entry, "expires_on").max(seconds(entry, "extended_expires_on"));
    end.is_some_and(|end| end < now)
}

fn time(seconds: i64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}
