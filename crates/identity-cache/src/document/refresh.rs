//! Refresh tokens.

use std::cmp::Reverse;
use std::fmt;
use std::time::SystemTime;

use identity_base::Secret;
use identity_runtime::json::Json;

use super::add::digits;
use super::keys::{EntryMap, key_of};
use super::{Document, seconds, text, unix_seconds};
use crate::Environment;

/// A refresh token from the document.
#[derive(Clone)]
pub struct StoredRefreshToken {
    key: String,
    token: Secret,
    home_account_id: String,
    environment: String,
    client_id: String,
    family_id: Option<String>,
    modified: i64,
}

impl StoredRefreshToken {
    fn of(key: &str, entry: &Json) -> Option<Self> {
        let token = entry.text("secret").filter(|secret| !secret.is_empty())?;
        Some(Self {
            key: key.to_owned(),
            token: Secret::new(token),
            home_account_id: text(entry, "home_account_id").to_owned(),
            environment: text(entry, "environment").to_owned(),
            client_id: text(entry, "client_id").to_owned(),
            family_id: entry
                .text("family_id")
                .filter(|id| !id.is_empty())
                .map(str::to_owned),
            modified: seconds(entry, "last_modification_time").unwrap_or(0),
        })
    }

    /// The token.
    #[must_use]
    pub const fn token(&self) -> &Secret {
        &self.token
    }

    /// The account that it is for.
    #[must_use]
    pub fn home_account_id(&self) -> &str {
        &self.home_account_id
    }

    /// The host that issued it.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The application that got it.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The family of applications that may use it.
    #[must_use]
    pub fn family_id(&self) -> Option<&str> {
        self.family_id.as_deref()
    }
}

impl fmt::Debug for StoredRefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredRefreshToken")
            .field("environment", &self.environment)
            .field("client_id", &self.client_id)
            .field("family_id", &self.family_id)
            .finish_non_exhaustive()
    }
}

impl Document {
    /// The refresh tokens of an account that `client_id` got, newest first.
    ///
    /// They are not bound to scopes or tenants, so neither is part of the question.
    #[must_use]
    pub fn refresh_tokens(
        &self,
        environment: &Environment,
        home_account_id: &str,
        client_id: &str,
    ) -> Vec<StoredRefreshToken> {
        self.find_refresh_tokens(environment, home_account_id, |entry| {
            text(entry, "client_id").eq_ignore_ascii_case(client_id)
        })
    }

    /// The refresh tokens of an account that the applications of a family share, whoever of them got it, newest first.
    #[must_use]
    pub fn family_refresh_tokens(
        &self,
        environment: &Environment,
        home_account_id: &str,
        family_id: &str,
    ) -> Vec<StoredRefreshToken> {
        self.find_refresh_tokens(environment, home_account_id, |entry| {
            !family_id.is_empty() && text(entry, "family_id") == family_id
        })
    }

    /// The refresh tokens of an account that belong to any family, newest first: what a shared cache offers.
    #[must_use]
    pub fn shared_refresh_tokens(
        &self,
        environment: &Environment,
        home_account_id: &str,
    ) -> Vec<StoredRefreshToken> {
        self.find_refresh_tokens(environment, home_account_id, |entry| {
            !text(entry, "family_id").is_empty()
        })
    }

    fn find_refresh_tokens(
        &self,
        environment: &Environment,
        home_account_id: &str,
        is_meant: impl Fn(&Json) -> bool,
    ) -> Vec<StoredRefreshToken> {
        let mut found: Vec<_> = self
            .map(EntryMap::RefreshToken)
            .iter()
            .filter(|(_, entry)| {
                !home_account_id.is_empty()
                    && text(entry, "home_account_id") == home_account_id
                    && environment.matches(text(entry, "environment"))
                    && is_meant(entry)
            })
            .filter_map(|(key, entry)| StoredRefreshToken::of(key, entry))
            .collect();
        found.sort_by_key(|token| Reverse(token.modified));
        found
    }

    /// Puts the refresh token that an exchange gave in the place of the one that was redeemed, and tells whether that was still there.
    ///
    /// An entry that stood under a wrong key, as old writers left them, moves to its right one.
    pub fn update_refresh_token(
        &mut self,
        redeemed: &StoredRefreshToken,
        token: &Secret,
        now: SystemTime,
    ) -> bool {
        let Some(entry) = self.entry(EntryMap::RefreshToken, &redeemed.key) else {
            return false;
        };
        let mut entry = entry.clone();
        entry.set("secret", Json::from(token.expose()));
        entry.set("last_modification_time", digits(unix_seconds(now)));
        let key = key_of(EntryMap::RefreshToken, &entry);
        if key != redeemed.key {
            self.drop_entries(EntryMap::RefreshToken, |key, _| key == redeemed.key);
        }
        self.put(EntryMap::RefreshToken, &key, entry);
        true
    }

    /// Drops a refresh token, unless it was replaced by another one meanwhile; tells whether it was dropped.
    pub fn remove_refresh_token(&mut self, token: &StoredRefreshToken) -> bool {
        self.drop_entries(EntryMap::RefreshToken, |key, entry| {
            key == token.key && text(entry, "secret") == token.token.expose()
        }) > 0
    }
}
