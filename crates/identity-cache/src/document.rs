//! The document: what is kept, how it is found, and how it is changed.
//!
//! Five maps of entries, each from a key to a flat object of texts, as every library of the MSAL family reads and writes them. What this crate does
//! not know, whole maps and single members, is kept as it was.

mod access;
mod accounts;
mod add;
mod changes;
pub(crate) mod id_token;
mod keys;
mod read;
mod refresh;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt;

use identity_runtime::json::Json;
use zeroize::Zeroizing;

pub use access::{AccessTokenQuery, StoredAccessToken};
pub use accounts::{Account, AppMetadata};
pub(crate) use add::unix_seconds;
pub(crate) use changes::Changes;
pub(crate) use id_token::home_account_id;
pub use keys::{Components, EntryMap};
pub use read::DocumentError;
pub use refresh::StoredRefreshToken;
pub use tokens::TokensToAdd;

/// How the peers indent the document.
const INDENTATION: usize = 4;

/// Accounts and tokens.
///
/// All secrets in it are overwritten when it is dropped; `Debug` shows how many entries there are.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use identity_base::{Authority, Scopes, Secret};
/// use identity_cache::document::{AccessTokenQuery, Document, TokensToAdd};
/// use identity_cache::Environment;
///
/// let environment = Environment::of(&Authority::public());
/// let scopes = Scopes::parse(["https://vault.azure.net/.default"])?;
/// let (token, now) = (Secret::new("eyJ0"), SystemTime::now());
///
/// let mut document = Document::new();
/// let answer = TokensToAdd::new(&environment, "contoso.com", "client", &scopes, &token, Duration::from_secs(3600));
/// document.add(&answer, now);
///
/// let query = AccessTokenQuery::of_app(&environment, "contoso.com", "client", &scopes);
/// assert!(document.access_token(&query, now).is_some());
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone)]
pub struct Document {
    root: Json,
    is_changed: bool,
}

impl Document {
    /// An empty document.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            root: Json::Object(Vec::new()),
            is_changed: false,
        }
    }

    /// Reads a document. Nothing, or white space alone, is an empty one.
    ///
    /// # Errors
    /// [`DocumentError::Malformed`] when it isn't JSON or isn't an object, [`DocumentError::Newer`] when it is of another, later form.
    pub fn parse(contents: &[u8]) -> Result<Self, DocumentError> {
        read::document(contents)
    }

    /// The document's text, in ASCII and indented as the peers indent it.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        self.root.to_indented_document(INDENTATION)
    }

    /// How many entries a map has.
    #[must_use]
    pub fn len(&self, map: EntryMap) -> usize {
        self.map(map).len()
    }

    /// Whether no map has an entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        EntryMap::ALL.into_iter().all(|map| self.map(map).is_empty())
    }

    /// Whether it was changed since it was made, read or last saved.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        self.is_changed
    }

    pub(crate) const fn set_saved(&mut self) {
        self.is_changed = false;
    }

    /// The entries of a map, with their keys, in the document's order.
    pub(crate) fn map(&self, map: EntryMap) -> &[(String, Json)] {
        self.root
            .get(map.as_str())
            .and_then(Json::as_object)
            .unwrap_or_default()
    }

    pub(crate) fn entry(&self, map: EntryMap, key: &str) -> Option<&Json> {
        self.map(map)
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, entry)| entry)
    }

    /// Puts an entry under `key`, in its old place if there is one.
    pub(crate) fn put(&mut self, map: EntryMap, key: &str, entry: Json) {
        self.is_changed = true;
        if self.root.get(map.as_str()).and_then(Json::as_object).is_none() {
            self.root.set(map.as_str(), Json::Object(Vec::new()));
        }
        if let Some(entries) = self.entries_mut(map) {
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = entry,
                None => entries.push((key.to_owned(), entry)),
            }
        }
    }

    /// Drops the entries that `is_meant` chooses, and tells how many.
    pub(crate) fn drop_entries(&mut self, map: EntryMap, is_meant: impl Fn(&str, &Json) -> bool) -> usize {
        let Some(entries) = self.entries_mut(map) else {
            return 0;
        };
        let before = entries.len();
        entries.retain(|(key, entry)| !is_meant(key, entry));
        let dropped = before - entries.len();
        self.is_changed |= dropped > 0;
        dropped
    }

    fn entries_mut(&mut self, map: EntryMap) -> Option<&mut Vec<(String, Json)>> {
        let Json::Object(maps) = &mut self.root else {
            return None;
        };
        match maps.iter_mut().find(|(name, _)| name == map.as_str()) {
            Some((_, Json::Object(entries))) => Some(entries),
            _ => None,
        }
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Document");
        for map in EntryMap::ALL {
            debug.field(map.as_str(), &self.len(map));
        }
        debug.finish()
    }
}

/// The text of a member that matters for matching; a missing one and `null` are the same.
pub(crate) fn text<'a>(entry: &'a Json, member: &str) -> &'a str {
    entry.text(member).unwrap_or_default()
}

/// A point in time: a text of digits by the rules, a number by some writers.
pub(crate) fn seconds(entry: &Json, member: &str) -> Option<i64> {
    match entry.get(member)? {
        Json::Text(text) => text.trim().parse().ok(),
        Json::Integer(value) => Some(*value),
        _ => None,
    }
}
