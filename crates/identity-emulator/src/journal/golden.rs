//! The journal in the form of the recorded cases, so that the two can be compared field by field.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Value, json};

use super::RecordedRequest;
use crate::routes::{Route, unescape};

/// The headers that a case keeps; others vary with the client's build.
const HEADERS: &[&str] = &[
    "authorization",
    "content-type",
    "metadata",
    "secret",
    "x-anchormailbox",
    "x-identity-header",
    "x-ms-lib-capability",
    "x-tfs-fedauthredirect",
];
/// Parameters whose values differ from run to run.
const MASKED: &[&str] = &[
    "code_challenge",
    "code_verifier",
    "nonce",
    "redirect_uri",
    "state",
];
/// Claims of an assertion whose values differ from run to run.
const MASKED_CLAIMS: &[&str] = &["exp", "iat", "jti", "nbf"];

pub(super) fn scenario(name: &str, records: &[RecordedRequest]) -> Value {
    let requests: Vec<Value> = records
        .iter()
        .filter(|record| record.route() != Route::Admin)
        .map(request)
        .collect();
    json!({"error": null, "requests": requests, "scenario": name, "tools": []})
}

/// One space of indentation and sorted keys, as the recorded files have them.
pub(super) fn text(value: &Value) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b" "));
    if sorted(value).serialize(&mut serializer).is_err() {
        return String::new();
    }
    out.push(b'\n');
    String::from_utf8(out).unwrap_or_default()
}

fn request(record: &RecordedRequest) -> Value {
    let headers: BTreeMap<&str, &str> = record
        .headers()
        .iter()
        .filter(|(name, _)| HEADERS.contains(&name.as_str()))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let path: Vec<String> = record.path().split('/').map(unescape).collect();
    let form = if record.forms().is_empty() {
        Value::Null
    } else {
        parameters(record.forms())
    };
    json!({
        "form": form,
        "headers": headers,
        "method": record.method(),
        "path": path.join("/"),
        "query": parameters(record.queries()),
    })
}

fn parameters(pairs: &[(String, String)]) -> Value {
    let mut out: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, value) in pairs {
        let value = parameter(name, value);
        match out.get_mut(name.as_str()) {
            None => {
                out.insert(name, value);
            }
            // A parameter that is there twice shows as a list, so that it cannot be overlooked.
            Some(Value::Array(several)) => several.push(value),
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    json!(out)
}

fn parameter(name: &str, value: &str) -> Value {
    if MASKED.contains(&name) {
        return format!("<{name}>").into();
    }
    match name {
        "scope" => {
            let mut scopes: Vec<&str> = value.split_ascii_whitespace().collect();
            scopes.sort_unstable();
            scopes.join(" ").into()
        }
        "claims" => serde_json::from_str(value).unwrap_or_else(|_| value.into()),
        "client_assertion" => assertion(value).unwrap_or_else(|| value.into()),
        _ => value.into(),
    }
}

/// Header and claims of a compact JWT; `None` for any other text.
fn assertion(text: &str) -> Option<Value> {
    let mut parts = text.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (mut header, mut claims) = (json_part(header)?, json_part(claims)?);
    for (name, value) in header.as_object_mut()? {
        if name.starts_with("x5t") {
            *value = format!("<{name}:{}>", value.as_str().map_or(0, str::len)).into();
        }
    }
    for (name, value) in claims.as_object_mut()? {
        if MASKED_CLAIMS.contains(&name.as_str()) {
            *value = format!("<{name}>").into();
        } else if name == "aud"
            && let Some(path) = value
                .as_str()
                .and_then(|aud| aud.strip_prefix("https://")?.split_once('/'))
        {
            *value = format!("https://HOST:PORT/{}", path.1).into();
        }
    }
    Some(json!({"claims": claims, "header": header}))
}

fn json_part(encoded: &str) -> Option<Value> {
    // Clients in use pad or do not pad, and the case is about what they say.
    let lenient = GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    serde_json::from_slice(&lenient.decode(encoded).ok()?).ok()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let ordered: BTreeMap<&String, Value> =
                fields.iter().map(|(name, value)| (name, sorted(value))).collect();
            ordered
                .into_iter()
                .map(|(name, value)| (name.clone(), value))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::{assertion, parameters};

    #[test]
    fn assertions_show_their_header_and_claims() {
        let header = BASE64_URL_SAFE.encode(r#"{"alg":"PS256","typ":"JWT","x5t#S256":"0123456789"}"#);
        let claims = BASE64_URL_SAFE_NO_PAD
            .encode(r#"{"aud":"https://localhost:8443/t/oauth2/v2.0/token","exp":5,"iss":"c","jti":"x"}"#);
        let shown = assertion(&format!("{header}.{claims}.c2ln")).unwrap();
        assert_eq!(
            shown,
            json!({
                "claims": {"aud": "https://HOST:PORT/t/oauth2/v2.0/token", "exp": "<exp>", "iss": "c", "jti": "<jti>"},
                "header": {"alg": "PS256", "typ": "JWT", "x5t#S256": "<x5t#S256:10>"},
            })
        );
        assert!(assertion("federated-token").is_none());
    }

    #[test]
    fn scopes_are_sorted_volatile_values_masked_and_doubles_shown() {
        let pairs = [
            ("scope", "b a"),
            ("state", "xyz"),
            ("x", "1"),
            ("x", "2"),
            ("x", "3"),
        ];
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(
            parameters(&pairs),
            json!({"scope": "a b", "state": "<state>", "x": ["1", "2", "3"]})
        );
    }
}
