//! The claims of a claims challenge.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use crate::Challenge;
use crate::challenge::parse;

/// The longest claims that are taken, in bytes of base64. Real ones have some hundred.
const MAX_CLAIMS: usize = 16 * 1024;
/// Services are not consistent about padding.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The claims, as JSON, that the answer with these headers asks for; `None` when it has no claims challenge.
#[must_use]
pub fn claims(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(claims_in)
}

/// As [`claims`], for one `WWW-Authenticate` value.
///
/// A claims challenge is a Bearer challenge with the error `insufficient_claims` and with `claims` in base64 (either alphabet, with or without padding)
/// of a JSON object. Anything else is none.
#[must_use]
pub fn claims_in(value: &str) -> Option<String> {
    parse(value)
        .iter()
        .filter(|challenge| challenge.is("Bearer"))
        .find_map(decode)
}

fn decode(challenge: &Challenge) -> Option<String> {
    if challenge.parameter("error") != Some("insufficient_claims") {
        return None;
    }
    let encoded = challenge.parameter("claims")?;
    if encoded.len() > MAX_CLAIMS {
        return None;
    }
    let decoded = STANDARD
        .decode(encoded)
        .or_else(|_| URL_SAFE.decode(encoded))
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let json = text.trim();
    // The token service parses them; this keeps out what is plainly something else.
    (json.starts_with('{') && json.ends_with('}')).then(|| json.to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const CLAIMS: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1603742800"}}}"#;

    fn challenge(claims: &str) -> String {
        format!(
            r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="{claims}""#
        )
    }

    #[test]
    fn claims_are_found_in_any_of_the_headers() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(b"\xff").unwrap());
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=x"));
        assert_eq!(claims(&headers), None);
        let value = challenge(&STANDARD.encode(CLAIMS));
        headers.append(WWW_AUTHENTICATE, HeaderValue::try_from(value).unwrap());
        assert_eq!(claims(&headers).as_deref(), Some(CLAIMS));
    }

    #[test]
    fn what_is_no_claims_challenge_is_none() {
        let good = STANDARD.encode(CLAIMS);
        for bad in [
            challenge(&good).replace("insufficient_claims", "invalid_token"),
            challenge(&good).replace("Bearer", "PoP"),
            challenge("%%%"),
            challenge(&STANDARD.encode("no json")),
            challenge(&STANDARD.encode(b"{\xff}")),
            challenge(""),
            challenge(&STANDARD.encode(format!("{{{}}}", " ".repeat(MAX_CLAIMS)))),
            "Bearer error=insufficient_claims".to_owned(),
        ] {
            assert_eq!(claims_in(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn either_alphabet_and_padding_is_read(inner in "[ -~é]{0,60}") {
            let json = format!("{{{inner}}}");
            for engine in [&STANDARD, &URL_SAFE] {
                let padded = engine.encode(&json);
                for encoded in [padded.as_str(), padded.trim_end_matches('=')] {
                    let found = claims_in(&challenge(encoded));
                    prop_assert_eq!(found.as_deref(), Some(json.as_str()));
                }
            }
        }
    }
}
