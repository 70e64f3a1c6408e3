//! Values that differ in every run: what may stand where a mask stands.

use serde_json::Value;

use super::rules::{Difference, Rules};

/// Where the recorded server stood.
const ANY_HOST: &str = "https://HOST:PORT/";

/// Whether `actual` is what `expected` says: equal, or of the kind that a mask stands for. The actual value may be masked the same way.
pub(super) fn matches(expected: &str, actual: &Value, rules: &Rules) -> bool {
    if actual == expected {
        return true;
    }
    if let Some(path) = expected.strip_prefix(ANY_HOST) {
        let rest = actual
            .as_str()
            .and_then(|url| url.strip_prefix("https://")?.split_once('/'));
        return rest.is_some_and(|(host, rest)| !host.is_empty() && rest == path);
    }
    let Some(mask) = expected.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) else {
        return false;
    };
    match mask {
        "exp" | "nbf" | "iat" => actual.is_i64() || actual.is_u64(),
        // S256 of RFC 7636 is 32 bytes in base64url.
        "code_challenge" => {
            text(actual).is_some_and(|text| text.len() == 43 && text.bytes().all(is_url_letter))
        }
        "code_verifier" => text(actual).is_some_and(|text| {
            (43..=128).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| is_url_letter(byte) || matches!(byte, b'.' | b'~'))
        }),
        "state" | "nonce" | "jti" | "redirect_uri" => text(actual).is_some(),
        _ => match mask.rsplit_once([':', ' ']) {
            Some(("encoded", _)) => text(actual).is_some(),
            Some((name, length)) if name.starts_with("x5t") => thumbprint(name, length, actual, rules),
            _ => false,
        },
    }
}

/// A thumbprint of the recorded length, or one less where padding is left out. Of a masked one the mask tells.
fn thumbprint(name: &str, length: &str, actual: &Value, rules: &Rules) -> bool {
    let Some(actual) = text(actual) else { return false };
    let masked = actual
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>')?.strip_prefix(name)?.strip_prefix(':'));
    let actual = masked.map_or(Ok(actual.len()), str::parse::<usize>);
    let (Ok(recorded), Ok(actual)) = (length.parse::<usize>(), actual) else {
        return false;
    };
    match rules.has(&Difference::UnpaddedThumbprint) {
        // 32 bytes are 43 letters and one `=`; 20 bytes 27 and one.
        true => actual + 1 == recorded,
        false => actual == recorded,
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

const fn is_url_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
