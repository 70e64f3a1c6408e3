//! Reading.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use zeroize::Zeroizing;

use super::{Json, JsonError};

/// What `U+FEFF` is in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Up to so many members, comparing each with each is cheaper than hashing.
const FEW_MEMBERS: usize = 16;

pub(super) fn parse(document: &[u8]) -> Result<Json, JsonError> {
    let document = document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(document);
    // serde_json would look at texts only; UTF-16 shall be told apart from a typing error.
    let document = std::str::from_utf8(document)
        .map_err(|error| JsonError::new("the document is not UTF-8", 1, error.valid_up_to() + 1))?;
    if document.trim_ascii().is_empty() {
        return Err(JsonError::new("the document is empty", 1, 1));
    }
    let mut reader = serde_json::Deserializer::from_str(document);
    Json::deserialize(&mut reader)
        .and_then(|json| reader.end().map(|()| json))
        .map_err(|error| {
            let what = match error.classify() {
                Category::Data => "a member occurs twice",
                Category::Eof => "the document ends early",
                Category::Syntax | Category::Io => "malformed JSON",
            };
            JsonError::new(what, error.line(), error.column())
        })
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::Unsigned(value), Json::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(Zeroizing::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        match has_duplicates(&object) {
            true => Err(A::Error::custom("duplicate member")),
            false => Ok(Json::Object(object)),
        }
    }
}

fn has_duplicates(members: &[(String, Json)]) -> bool {
    if members.len() > FEW_MEMBERS {
        let mut names = HashSet::with_capacity(members.len());
        return !members.iter().all(|(name, _)| names.insert(name.as_str()));
    }
    members
        .iter()
        .enumerate()
        .any(|(at, (name, _))| members.iter().take(at).any(|(earlier, _)| earlier == name))
}
