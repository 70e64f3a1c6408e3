//! JSON from services, files and tools, read defensively.
//!
//! The difference to reading into a struct: a duplicate member is refused, every text is overwritten when dropped, numbers keep whether they were
//! integers, and an error tells where, never what: parse errors of the usual libraries quote the value, which may be a token.

mod read;
mod write;

use std::fmt;

use identity_base::{Error, ErrorKind};
use zeroize::Zeroizing;

/// A JSON value. `Debug` shows the kind alone.
#[derive(Clone)]
#[non_exhaustive]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits.
    Integer(i64),
    /// An integer above `i64::MAX`.
    Unsigned(u64),
    /// Any other number; always finite.
    Float(f64),
    /// A text.
    Text(Zeroizing<String>),
    /// An array.
    Array(Vec<Self>),
    /// An object, in the order of the document; no name occurs twice.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Reads one document of at most 128 levels: UTF-8, with or without a byte order mark.
    ///
    /// ```
    /// use identity_runtime::json::Json;
    /// let json = Json::parse(br#"{"expires_in": 3599, "token_type": "Bearer"}"#)?;
    /// assert_eq!(json.text("token_type"), Some("Bearer"));
    /// assert!(Json::parse(br#"{"a": 1, "a": 2}"#).is_err());
    /// # Ok::<(), identity_runtime::json::JsonError>(())
    /// ```
    ///
    /// # Errors
    /// [`JsonError`] for anything else, duplicate members and text after the document included.
    pub fn parse(document: &[u8]) -> Result<Self, JsonError> {
        read::parse(document)
    }

    /// The member `name` of an object, `null` included.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(member, _)| member == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of the member `name`, if it is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_text()
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it is one that fits.
    #[must_use]
    pub const fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members of an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Sets the member `name` of an object, in its old place if it was there; does nothing to other values.
    pub fn set(&mut self, name: &str, value: Self) {
        let Self::Object(members) = self else { return };
        match members.iter_mut().find(|(member, _)| member == name) {
            Some((_, old)) => *old = value,
            None => members.push((name.to_owned(), value)),
        }
    }

    /// The kind's name, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Unsigned(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The value as a JSON document in ASCII, with a space after each `:` and `,` as Python writes it.
    #[must_use]
    pub fn to_document(&self) -> Zeroizing<String> {
        write::document(self, None)
    }

    /// The value as a JSON document in ASCII, each member on a line of its own, as Python's `json.dumps` with `indent` writes it.
    #[must_use]
    pub fn to_indented_document(&self, spaces: usize) -> Zeroizing<String> {
        write::document(self, Some(spaces))
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(Zeroizing::new(text.to_owned()))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Json")
            .field(&format_args!("{}", self.kind()))
            .finish()
    }
}

/// Why a document could not be read. It holds no part of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    what: &'static str,
    line: usize,
    column: usize,
}

impl JsonError {
    pub(crate) const fn new(what: &'static str, line: usize, column: usize) -> Self {
        Self { what, line, column }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.what, self.line, self.column)
    }
}

impl std::error::Error for JsonError {}

impl From<JsonError> for Error {
    fn from(error: JsonError) -> Self {
        Self::new(ErrorKind::Protocol, error.to_string())
    }
}

#[cfg(test)]
mod tests;
