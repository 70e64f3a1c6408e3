//! Adding what a token endpoint answered.

use std::time::{Duration, SystemTime};

use identity_runtime::json::Json;

use super::access::is_expired;
use super::id_token::{IdClaims, home_account_id};
use super::keys::{EXTENDED_MEMBER, EntryMap, key_of};
use super::refresh::StoredRefreshToken;
use super::tokens::TokensToAdd;
use super::{Document, text};

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
        // Expired ones of this application would only pile up: no key of theirs comes again once scopes or tenants change.
        self.drop_entries(EntryMap::AccessToken, |_, entry| {
            is_expired(entry, now) && text(entry, "client_id").eq_ignore_ascii_case(tokens.client_id)
        });
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

/// Seconds since the epoch, as the document counts.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// Numbers are texts in the document.
pub(super) fn digits(number: i64) -> Json {
    Json::from(number.to_string().as_str())
}

pub(super) fn object<const N: usize>(members: [(&str, &str); N]) -> Json {
    Json::Object(
        members
            .map(|(name, value)| (name.to_owned(), Json::from(value)))
            .into(),
    )
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
