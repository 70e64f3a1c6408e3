//! The maps and their keys.

use std::fmt;

use identity_runtime::crypto::{base64url, sha256};
use identity_runtime::json::Json;

use super::text;

/// A map of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryMap {
    /// Access tokens, of users and of applications.
    AccessToken,
    /// Who signed in.
    Account,
    /// Id tokens.
    IdToken,
    /// Refresh tokens.
    RefreshToken,
    /// What is known of applications: whether they belong to a family.
    AppMetadata,
}

impl EntryMap {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::AccessToken,
        Self::Account,
        Self::IdToken,
        Self::RefreshToken,
        Self::AppMetadata,
    ];

    /// The member's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "AccessToken",
            Self::Account => "Account",
            Self::IdToken => "IdToken",
            Self::RefreshToken => "RefreshToken",
            Self::AppMetadata => "AppMetadata",
        }
    }
}

impl fmt::Display for EntryMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The key of an entry, made of its members.
pub(super) fn key_of(map: EntryMap, entry: &Json) -> String {
    let of = |member| text(entry, member);
    let (account, environment, client) = (of("home_account_id"), of("environment"), of("client_id"));
    let (realm, target) = (of("realm"), of("target"));
    match map {
        EntryMap::AccessToken => match text(entry, EXTENDED_MEMBER) {
            "" => [account, environment, "accesstoken", client, realm, target].join("-"),
            hash => [account, environment, "atext", client, realm, target, hash].join("-"),
        },
        // Valid in every tenant, so without a realm.
        EntryMap::RefreshToken => [account, environment, "refreshtoken", client, "", target].join("-"),
        EntryMap::IdToken => [account, environment, "idtoken", client, realm, ""].join("-"),
        EntryMap::Account => [account, environment, realm].join("-"),
        // The only one that keeps its case.
        EntryMap::AppMetadata => return format!("appmetadata-{environment}-{client}"),
    }
    .to_lowercase()
}

/// Where an extended entry keeps the hash of its components.
pub(super) const EXTENDED_MEMBER: &str = "ext_cache_key";

/// Parameters of a request that make its token another one, beside scopes, tenant and client: a path of a federated identity, for example.
///
/// A token that was got with such parameters is found with the same ones only, and never without any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Components(Vec<(String, String)>);

impl Components {
    /// Components of names and values. Empty values don't count.
    pub fn new<'a>(components: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut components: Vec<_> = components
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        components.sort();
        Self(components)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The hash that stands for them in keys. Lengths go before names and values, so no two lists give the same text.
    pub(super) fn hash(&self) -> String {
        let mut text = String::new();
        for part in self.0.iter().flat_map(|(name, value)| [name, value]) {
            text.push_str(&format!("{}:{part}", part.len()));
        }
        base64url(&sha256(text.as_bytes())).to_ascii_lowercase()
    }
}
