//! Accounts and applications.

use identity_runtime::json::Json;

use super::keys::EntryMap;
use super::{Document, text};
use crate::Environment;

/// An account from the document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its id, `object.tenant` of its home tenant.
    pub home_account_id: String,
    /// The host that it signed in at.
    pub environment: String,
    /// The tenant that it signed in to.
    pub realm: String,
    /// Its id in that tenant, if known.
    pub local_account_id: Option<String>,
    /// The user's name; empty if unknown.
    pub username: String,
}

impl Account {
    /// The tenant that the account belongs to, if its id tells.
    #[must_use]
    pub fn home_tenant(&self) -> Option<&str> {
        self.home_account_id.split_once('.').map(|(_, tenant)| tenant)
    }

    fn of(entry: &Json) -> Option<Self> {
        Some(Self {
            home_account_id: entry
                .text("home_account_id")
                .filter(|id| !id.is_empty())?
                .to_owned(),
            environment: text(entry, "environment").to_owned(),
            realm: text(entry, "realm").to_owned(),
            local_account_id: entry.text("local_account_id").map(str::to_owned),
            username: text(entry, "username").to_owned(),
        })
    }
}

/// What is known of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppMetadata {
    /// The family of applications that it belongs to; none when it is known to belong to none.
    pub family_id: Option<String>,
}

impl Document {
    /// The accounts, of one environment or of all. An account is listed once for each tenant that it signed in to.
    #[must_use]
    pub fn accounts(&self, environment: Option<&Environment>) -> Vec<Account> {
        self.map(EntryMap::Account)
            .iter()
            .filter_map(|(_, entry)| Account::of(entry))
            .filter(|account| environment.is_none_or(|wanted| wanted.matches(&account.environment)))
            .collect()
    }

    /// What is known of an application; nothing when it never got a token here.
    #[must_use]
    pub fn app_metadata(&self, environment: &Environment, client_id: &str) -> Option<AppMetadata> {
        self.map(EntryMap::AppMetadata)
            .iter()
            .find(|(_, entry)| {
                text(entry, "client_id").eq_ignore_ascii_case(client_id)
                    && environment.matches(text(entry, "environment"))
            })
            .map(|(_, entry)| AppMetadata {
                family_id: entry
                    .text("family_id")
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned),
            })
    }

    /// Signs an account out of an application: drops the account, its id and access tokens, and the refresh tokens of the application and of its family.
    ///
    /// Refresh tokens of applications of other families stay. Tells how many entries were dropped.
    pub fn remove_account(
        &mut self,
        environment: &Environment,
        home_account_id: &str,
        client_id: &str,
    ) -> usize {
        let family = self
            .app_metadata(environment, client_id)
            .and_then(|metadata| metadata.family_id);
        let is_owned = |entry: &Json| {
            !home_account_id.is_empty()
                && text(entry, "home_account_id") == home_account_id
                && environment.matches(text(entry, "environment"))
        };
        let mut dropped = self.drop_entries(EntryMap::RefreshToken, |_, entry| {
            is_owned(entry)
                && (text(entry, "client_id").eq_ignore_ascii_case(client_id)
                    || family
                        .as_deref()
                        .is_some_and(|family| text(entry, "family_id") == family))
        });
        for map in [EntryMap::AccessToken, EntryMap::IdToken, EntryMap::Account] {
            dropped += self.drop_entries(map, |_, entry| is_owned(entry));
        }
        dropped
    }
}
