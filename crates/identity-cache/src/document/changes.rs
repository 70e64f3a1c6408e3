//! What one document has that another lacks, for changes that could not be written down at once.

use std::collections::HashMap;

use identity_runtime::json::Json;

use super::{Document, EntryMap, seconds};

/// Entries that were put or dropped, to be done again to a document that was read later.
#[derive(Clone, Default)]
pub(crate) struct Changes(Vec<(EntryMap, String, Option<Json>)>);

impl Changes {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what leads from `before` to `after`. An entry changes once: the later change goes before the earlier.
    pub(crate) fn record(&mut self, before: &Document, after: &Document) {
        for map in EntryMap::ALL {
            // Both may have thousands of entries, of which one or two changed.
            let mut gone: HashMap<&str, &Json> = before
                .map(map)
                .iter()
                .map(|(key, entry)| (key.as_str(), entry))
                .collect();
            for (key, entry) in after.map(map) {
                if gone.remove(key.as_str()).is_none_or(|old| !is_equal(old, entry)) {
                    self.set(map, key, Some(entry.clone()));
                }
            }
            for (key, _) in before.map(map) {
                if gone.contains_key(key.as_str()) {
                    self.set(map, key, None);
                }
            }
        }
    }

    fn set(&mut self, map: EntryMap, key: &str, entry: Option<Json>) {
        self.0.retain(|(of, name, _)| !(*of == map && name == key));
        self.0.push((map, key.to_owned(), entry));
    }

    /// Does them to `document`. A refresh token that somebody else renewed later stays.
    pub(crate) fn apply(&self, document: &mut Document) {
        for (map, key, entry) in &self.0 {
            match entry {
                Some(entry) => {
                    let time = |entry: &Json| seconds(entry, "last_modification_time");
                    let is_older = document
                        .entry(*map, key)
                        .is_some_and(|stored| time(stored) > time(entry));
                    if !is_older {
                        document.put(*map, key, entry.clone());
                    }
                }
                None => {
                    document.drop_entries(*map, |name, _| name == key);
                }
            }
        }
    }
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Changes").field(&self.0.len()).finish()
    }
}

/// Whether two values say the same.
fn is_equal(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Text(a), Json::Text(b)) => a == b,
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((name_a, a), (name_b, b))| name_a == name_b && is_equal(a, b))
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Json::Null, Json::Null) => true,
        (Json::Integer(a), Json::Integer(b)) => a == b,
        (Json::Unsigned(a), Json::Unsigned(b)) => a == b,
        (Json::Float(a), Json::Float(b)) => a.to_bits() == b.to_bits(),
        (Json::Bool(a), Json::Bool(b)) => a == b,
        _ => false,
    }
}
