//! Which account of a shared cache is meant.

use std::collections::BTreeMap;

use identity_base::{Error, Foreign};
use identity_cache::document::Account;
use identity_cache::{Document, Environment};

/// What is known of the account that is meant.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) username: Option<String>,
    /// The tenant that it belongs to.
    pub(super) home_tenant: Option<String>,
}

/// The accounts that have a refresh token for a family of applications: others can't be used from here.
pub(super) fn candidates(document: &Document, environment: &Environment) -> Vec<Account> {
    let mut accounts = document.accounts(Some(environment));
    accounts.retain(|account| {
        !document
            .shared_refresh_tokens(environment, &account.home_account_id)
            .is_empty()
    });
    accounts
}

impl Choice {
    /// The one account that fits; its id.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) when none fits, or several do.
    pub(super) fn of(&self, accounts: Vec<Account>) -> Result<String, Error> {
        // An account is listed once for each tenant and each cache.
        let accounts: BTreeMap<String, Account> = accounts
            .into_iter()
            .map(|account| (account.home_account_id.clone(), account))
            .collect();
        if accounts.is_empty() {
            return Err(
                Error::unavailable("no account was found in the shared token cache").with_hint(
                    "sign in with a developer tool that shares its cache, or use another credential",
                ),
            );
        }
        let mut fitting: Vec<&Account> = accounts.values().filter(|account| self.fits(account)).collect();
        match (fitting.pop(), fitting.is_empty()) {
            (Some(account), true) => Ok(account.home_account_id.clone()),
            (Some(_), false) => Err(Error::unavailable(format!(
                "several accounts in the shared token cache {}",
                self.description("could be meant")
            ))
            .with_hint("name the user, the tenant that the account belongs to, or both")),
            (None, _) => Err(Error::unavailable(format!(
                "no account in the shared token cache {}",
                self.description("fits")
            ))
            .with_hint("sign in with that account, or correct the user name or the tenant")),
        }
    }

    fn fits(&self, account: &Account) -> bool {
        let same = |wanted: &Option<String>, actual: &str| {
            wanted
                .as_deref()
                .is_none_or(|wanted| wanted.to_lowercase() == actual.to_lowercase())
        };
        same(&self.username, &account.username)
            && same(&self.home_tenant, account.home_tenant().unwrap_or_default())
    }

    fn description(&self, otherwise: &str) -> String {
        let username = self
            .username
            .as_deref()
            .map(|name| format!("with the user name {}", Foreign::quoted(name, 80)));
        let tenant = self
            .home_tenant
            .as_deref()
            .map(|tenant| format!("of the tenant {}", Foreign::quoted(tenant, 80)));
        let parts: Vec<String> = [username, tenant].into_iter().flatten().collect();
        match parts.is_empty() {
            true => otherwise.to_owned(),
            false => format!("{otherwise} {}", parts.join(" and ")),
        }
    }
}
