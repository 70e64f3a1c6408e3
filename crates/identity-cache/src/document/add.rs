//! Adding what a token endpoint answered.

use std::fmt;
use std::time::{Duration, SystemTime};

use identity_base::{Scopes, Secret};
use identity_runtime::entra::TokenResponse;
use identity_runtime::json::Json;

use super::id_token::{IdClaims, home_account_id};
use super::keys::{Components, EXTENDED_MEMBER, EntryMap, key_of};
use super::refresh::StoredRefreshToken;
use super::{Document, text};
use crate::Environment;

/// The grants that establish an account, and are noted as its source.
const ESTABLISHING_GRANTS: [&str; 5] = [
    "broker",
    "authorization_code",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "user_fic",
];
/// Members of accounts and of applications that this crate decides. Others, of other writers, are kept when the entry is written again.
const KNOWN_MEMBERS: [&str; 9] = [
    "home_account_id",
    "environment",
    "realm",
    "local_account_id",
    "username",
    "authority_type",
    "account_source",
    "client_id",
    "family_id",
];

/// The tokens of one answer, and what they were asked for with.
#[derive(Clone)]
pub struct TokensToAdd<'a> {
    environment: &'a Environment,
    realm: &'a str,
    client_id: &'a str,
    target: String,
    access_token: &'a Secret,
    lifetime: Duration,
    refresh_in: Option<Duration>,
    refresh_token: Option<&'a Secret>,
    id_token: Option<&'a Secret>,
    client_info: Option<&'a str>,
    family_id: Option<&'a str>,
    grant_type: Option<&'a str>,
    username: Option<&'a str>,
    components: Components,
}

impl<'a> TokensToAdd<'a> {
    /// An access token alone. `realm` is the tenant in the path of the token endpoint, `lifetime` counts from the time of [`Document::add`].
    #[must_use]
    pub fn new(
        environment: &'a Environment,
        realm: &'a str,
        client_id: &'a str,
        scopes: &Scopes,
        access_token: &'a Secret,
        lifetime: Duration,
    ) -> Self {
        Self {
            environment,
            realm,
            client_id,
            target: scopes.sorted().collect::<Vec<_>>().join(" "),
            access_token,
            lifetime,
            refresh_in: None,
            refresh_token: None,
            id_token: None,
            client_info: None,
            family_id: None,
            grant_type: None,
            username: None,
            components: Components::default(),
        }
    }

    /// All that an answer holds. The scopes that the service granted go before those that were asked for.
    #[must_use]
    pub fn from_response(
        environment: &'a Environment,
        realm: &'a str,
        client_id: &'a str,
        scopes: &Scopes,
        response: &'a TokenResponse,
    ) -> Self {
        let tokens = Self::new(
            environment,
            realm,
            client_id,
            scopes,
            &response.token,
            response.lifetime,
        );
        Self {
            target: response.scope.as_deref().map_or(tokens.target, sorted),
            refresh_in: response.refresh_in,
            refresh_token: response.refresh_token.as_ref(),
            id_token: response.id_token.as_ref(),
            client_info: response.client_info.as_deref(),
            family_id: response.foci.as_deref(),
            ..tokens
        }
    }

    /// Sets the scopes that were granted, as the service spells them.
    #[must_use]
    pub fn with_granted_scope(mut self, scope: &str) -> Self {
        self.target = sorted(scope);
        self
    }

    /// Sets after how long a refresh is advised.
    #[must_use]
    pub const fn with_refresh_in(mut self, refresh_in: Duration) -> Self {
        self.refresh_in = Some(refresh_in);
        self
    }

    /// Adds a refresh token.
    #[must_use]
    pub const fn with_refresh_token(mut self, refresh_token: &'a Secret) -> Self {
        self.refresh_token = Some(refresh_token);
        self
    }

    /// Adds an id token.
    #[must_use]
    pub const fn with_id_token(mut self, id_token: &'a Secret) -> Self {
        self.id_token = Some(id_token);
        self
    }

    /// Adds the client info, base64url of JSON.
    #[must_use]
    pub const fn with_client_info(mut self, client_info: &'a str) -> Self {
        self.client_info = Some(client_info);
        self
    }

    /// Sets the family of applications that may share the refresh token (`foci`).
    #[must_use]
    pub const fn with_family_id(mut self, family_id: &'a str) -> Self {
        self.family_id = Some(family_id);
        self
    }

    /// Sets the grant that the tokens were got with.
    #[must_use]
    pub const fn with_grant_type(mut self, grant_type: &'a str) -> Self {
        self.grant_type = Some(grant_type);
        self
    }

    /// Sets the user name that was signed in with, for answers whose id token has none.
    #[must_use]
    pub const fn with_username(mut self, username: &'a str) -> Self {
        self.username = Some(username);
        self
    }

    /// Sets the parameters that make the access token another one.
    #[must_use]
    pub fn with_components(mut self, components: Components) -> Self {
        self.components = components;
        self
    }

    /// The account that the tokens are for; none for an application's own.
    #[must_use]
    pub fn home_account_id(&self) -> Option<String> {
        home_account_id(self.client_info, self.claims().as_ref())
    }

    fn claims(&self) -> Option<IdClaims> {
        self.id_token.and_then(|token| IdClaims::of(token.expose()))
    }
}

impl Document {
    /// Adds the tokens of a sign-in, with the account that they are for.
    pub fn add(&mut self, tokens: &TokensToAdd<'_>, now: SystemTime) {
        let now = unix_seconds(now);
        let claims = tokens.claims();
        let account = home_account_id(tokens.client_info, claims.as_ref());
        self.add_access_token(tokens, account.as_deref(), now);
        if let Some(account) = &account {
            self.add_account(tokens, account, claims.as_ref());
        }
        self.add_id_token(tokens, account.as_deref());
        if let Some(refresh_token) = tokens.refresh_token {
            let mut entry = tokens.credential("RefreshToken", refresh_token, account.as_deref());
            entry.set("client_id", Json::from(tokens.client_id));
            entry.set("target", Json::from(tokens.target.as_str()));
            entry.set("last_modification_time", digits(now));
            if let Some(family_id) = tokens.family_id {
                entry.set("family_id", Json::from(family_id));
            }
            self.put_entry(EntryMap::RefreshToken, entry);
        }
        self.add_app_metadata(tokens);
    }

    /// Adds the tokens that `redeemed` was exchanged for. A new refresh token takes the place of the old one; no account is made anew.
    ///
    /// When the refresh token is gone because somebody signed the account out meanwhile, only the access token is added.
    pub fn add_refreshed(
        &mut self,
        tokens: &TokensToAdd<'_>,
        redeemed: &StoredRefreshToken,
        now: SystemTime,
    ) {
        let account = tokens
            .home_account_id()
            .or_else(|| Some(redeemed.home_account_id().to_owned()).filter(|account| !account.is_empty()));
        self.add_access_token(tokens, account.as_deref(), unix_seconds(now));
        self.add_id_token(tokens, account.as_deref());
        self.add_app_metadata(tokens);
        if let Some(refresh_token) = tokens.refresh_token {
            self.update_refresh_token(redeemed, refresh_token, now);
        }
    }

    fn add_access_token(&mut self, tokens: &TokensToAdd<'_>, account: Option<&str>, now: i64) {
        let after = |lifetime: Duration| {
            digits(now.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)))
        };
        let mut entry = tokens.credential("AccessToken", tokens.access_token, account);
        for (member, value) in [
            ("client_id", Json::from(tokens.client_id)),
            ("target", Json::from(tokens.target.as_str())),
            ("realm", Json::from(tokens.realm)),
            ("token_type", Json::from("Bearer")),
            ("cached_at", digits(now)),
            ("expires_on", after(tokens.lifetime)),
            ("extended_expires_on", after(tokens.lifetime)),
        ] {
            entry.set(member, value);
        }
        if !tokens.components.is_empty() {
            entry.set(EXTENDED_MEMBER, Json::from(tokens.components.hash().as_str()));
        }
        if let Some(refresh_in) = tokens.refresh_in {
            entry.set("refresh_on", after(refresh_in));
        }
        self.put_entry(EntryMap::AccessToken, entry);
    }

    fn add_id_token(&mut self, tokens: &TokensToAdd<'_>, account: Option<&str>) {
        if let Some(id_token) = tokens.id_token {
            let mut entry = tokens.credential("IdToken", id_token, account);
            entry.set("realm", Json::from(tokens.realm));
            entry.set("client_id", Json::from(tokens.client_id));
            self.put_entry(EntryMap::IdToken, entry);
        }
    }

    /// What is known of the application: whether it belongs to a family.
    fn add_app_metadata(&mut self, tokens: &TokensToAdd<'_>) {
        let mut entry = object([
            ("client_id", tokens.client_id),
            ("environment", tokens.environment.as_str()),
        ]);
        if let Some(family_id) = tokens.family_id {
            entry.set("family_id", Json::from(family_id));
        }
        self.merge_entry(EntryMap::AppMetadata, entry);
    }

    fn add_account(&mut self, tokens: &TokensToAdd<'_>, account: &str, claims: Option<&IdClaims>) {
        let claim = |name| claims.and_then(|claims| claims.text(name));
        let username = claims
            .and_then(IdClaims::username)
            .or(tokens.username)
            .unwrap_or_default();
        let mut entry = object([
            ("home_account_id", account),
            ("environment", tokens.environment.as_str()),
            ("realm", tokens.realm),
        ]);
        entry.set(
            "local_account_id",
            claim("oid")
                .or_else(|| claim("sub"))
                .map_or(Json::Null, Json::from),
        );
        entry.set("username", Json::from(username));
        entry.set(
            "authority_type",
            Json::from(match tokens.realm.eq_ignore_ascii_case("adfs") {
                true => "ADFS",
                false => "MSSTS",
            }),
        );
        if let Some(grant_type) = tokens
            .grant_type
            .filter(|grant_type| ESTABLISHING_GRANTS.contains(grant_type))
        {
            entry.set("account_source", Json::from(grant_type));
        }
        self.merge_entry(EntryMap::Account, entry);
    }

    /// Puts an entry under the key that its members make.
    pub(super) fn put_entry(&mut self, map: EntryMap, entry: Json) {
        let key = key_of(map, &entry);
        self.put(map, &key, entry);
    }

    /// As [`put_entry`](Self::put_entry), and keeps what other writers had added to the old entry.
    fn merge_entry(&mut self, map: EntryMap, mut entry: Json) {
        let key = key_of(map, &entry);
        let old = self.entry(map, &key);
        for (member, value) in old.and_then(Json::as_object).unwrap_or_default() {
            if !KNOWN_MEMBERS.contains(&member.as_str()) {
                entry.set(member, value.clone());
            }
        }
        // Nothing is written for what is there already.
        if !old.is_some_and(|old| is_same(old, &entry)) {
            self.put(map, &key, entry);
        }
    }
}

impl TokensToAdd<'_> {
    /// What entries of all tokens begin with.
    fn credential(&self, kind: &str, secret: &Secret, account: Option<&str>) -> Json {
        let mut entry = object([("credential_type", kind), ("secret", secret.expose())]);
        entry.set("home_account_id", account.map_or(Json::Null, Json::from));
        entry.set("environment", Json::from(self.environment.as_str()));
        entry
    }
}

impl fmt::Debug for TokensToAdd<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokensToAdd")
            .field("environment", &self.environment)
            .field("realm", &self.realm)
            .field("client_id", &self.client_id)
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("has_id_token", &self.id_token.is_some())
            .finish_non_exhaustive()
    }
}

/// Seconds since the epoch, as the document counts.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// Numbers are texts in the document.
pub(super) fn digits(number: i64) -> Json {
    Json::from(number.to_string().as_str())
}

fn object<const N: usize>(members: [(&str, &str); N]) -> Json {
    Json::Object(
        members
            .map(|(name, value)| (name.to_owned(), Json::from(value)))
            .into(),
    )
}

fn sorted(scope: &str) -> String {
    let mut scopes: Vec<_> = scope.split_ascii_whitespace().collect();
    scopes.sort_unstable();
    scopes.join(" ")
}

/// Whether two flat entries say the same, in whatever order.
fn is_same(one: &Json, other: &Json) -> bool {
    let (Some(a), Some(b)) = (one.as_object(), other.as_object()) else {
        return false;
    };
    a.len() == b.len()
        && a.iter().all(|(member, value)| match (value, other.get(member)) {
            (Json::Null, Some(Json::Null)) => true,
            (Json::Text(_), Some(Json::Text(_))) => text(one, member) == text(other, member),
            _ => false,
        })
}
