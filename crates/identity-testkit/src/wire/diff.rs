//! What a comparison found.

use std::fmt;

use identity_base::Foreign;
use serde_json::Value;

/// Fields whose values a report doesn't show. Tests run with canaries, and a report must not be a leak of its own.
const SECRET_FIELDS: [&str; 10] = [
    "client_secret",
    "client_assertion",
    "assertion",
    "password",
    "refresh_token",
    "code",
    "device_code",
    "code_verifier",
    "authorization",
    "secret",
];

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Where: `request 2, form.scope`.
    pub place: String,
    /// What the case has there; `nothing` if the field should not be there.
    pub expected: String,
    /// What was sent.
    pub actual: String,
}

/// All differences of a comparison, as a readable list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WireDiff {
    /// The case's name.
    pub scenario: String,
    /// The differences, in order.
    pub mismatches: Vec<Mismatch>,
}

impl fmt::Display for WireDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "what was sent differs from the case {}:", self.scenario)?;
        for Mismatch {
            place,
            expected,
            actual,
        } in &self.mismatches
        {
            write!(f, "\n  {place}\n    expected: {expected}\n    actual:   {actual}")?;
        }
        Ok(())
    }
}

impl std::error::Error for WireDiff {}

/// Both sides of a difference in the field `name`, ready to be shown.
pub(super) fn shown(name: &str, expected: Option<&Value>, actual: Option<&Value>) -> (String, String) {
    let secret = SECRET_FIELDS.contains(&name);
    match (expected, actual) {
        (Some(Value::String(expected)), Some(Value::String(actual))) if secret => {
            let same = expected
                .chars()
                .zip(actual.chars())
                .take_while(|(a, b)| a == b)
                .count();
            let hidden = |text: &str| format!("(hidden, {} characters)", text.chars().count());
            (
                hidden(expected),
                format!(
                    "{}, the first difference is character {}",
                    hidden(actual),
                    same + 1
                ),
            )
        }
        _ => (show(expected, secret), show(actual, secret)),
    }
}

fn show(value: Option<&Value>, secret: bool) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) if secret => format!("(hidden, {} characters)", text.chars().count()),
        Some(_) if secret => "(hidden)".to_owned(),
        Some(value) => Foreign::new(&value.to_string(), 300).to_string(),
    }
}
