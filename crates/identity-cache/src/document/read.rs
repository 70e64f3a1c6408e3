//! Reading a document.

use std::fmt;

use identity_runtime::json::{Json, JsonError};

use super::{Document, EntryMap};

/// The highest version that is understood, for writers that give one.
const KNOWN_VERSION: i64 = 1;
/// Members by which a later form would tell itself apart.
const VERSION_MEMBERS: [&str; 2] = ["Version", "version"];

/// Why contents are not a document. It holds nothing of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is damaged, or no document at all.
    Malformed(String),
    /// It is of a form that this version doesn't know. It must be left as it is.
    Newer(String),
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "the token cache is damaged: {why}"),
            Self::Newer(why) => write!(f, "the token cache was written by a newer program: {why}"),
        }
    }
}

impl std::error::Error for DocumentError {}

impl From<JsonError> for DocumentError {
    fn from(error: JsonError) -> Self {
        Self::Malformed(error.to_string())
    }
}

pub(super) fn document(contents: &[u8]) -> Result<Document, DocumentError> {
    if contents.trim_ascii().is_empty() {
        return Ok(Document::new());
    }
    let root = Json::parse(contents)?;
    if root.as_object().is_none() {
        return Err(DocumentError::Malformed(format!("it is {}", root.kind())));
    }
    for member in VERSION_MEMBERS {
        if let Some(version) = root.get(member) {
            check_version(version)?;
        }
    }
    for map in EntryMap::ALL {
        match root.get(map.as_str()) {
            None | Some(Json::Object(_)) => {}
            Some(other) => {
                return Err(DocumentError::Newer(format!("{map} is {}", other.kind())));
            }
        }
    }
    Ok(Document {
        root,
        is_changed: false,
    })
}

fn check_version(version: &Json) -> Result<(), DocumentError> {
    let number = match version {
        Json::Text(text) => text.split('.').next().and_then(|major| major.parse().ok()),
        other => other.as_integer(),
    };
    match number {
        Some(number) if number <= KNOWN_VERSION => Ok(()),
        Some(number) => Err(DocumentError::Newer(format!("its version is {number}"))),
        None => Err(DocumentError::Newer("its version is no number".to_owned())),
    }
}
