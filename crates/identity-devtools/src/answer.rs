//! What the JSON answers of tools have in common.

use identity_base::Secret;
use identity_runtime::json::Json;

/// A member that is there and not null.
pub(crate) fn member<'a>(answer: &'a Json, name: &str) -> Option<&'a Json> {
    answer.get(name).filter(|value| !matches!(value, Json::Null))
}

/// The token under this name.
///
/// # Errors
/// What is wrong, without the value.
pub(crate) fn token(answer: &Json, name: &str) -> Result<Secret, String> {
    match member(answer, name) {
        None => Err(format!("it has no `{name}`")),
        Some(value) => match value.as_text() {
            Some("") => Err(format!("its `{name}` is empty")),
            Some(token) => Ok(Secret::new(token)),
            None => Err(format!("its `{name}` is {}", value.kind())),
        },
    }
}

/// A token of another type than bearer needs a proof that nobody here can give.
///
/// # Errors
/// What is wrong.
pub(crate) fn check_token_type(answer: &Json, name: &str) -> Result<(), String> {
    match member(answer, name) {
        None => Ok(()),
        Some(value)
            if value
                .as_text()
                .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) =>
        {
            Ok(())
        }
        Some(_) => Err("it is for a token of another type than Bearer".to_owned()),
    }
}

/// `8-4-4-4-12` hexadecimal digits.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, b)| match index {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}
