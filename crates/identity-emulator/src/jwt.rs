//! Compact JWTs that others signed: taking them apart, and verifying them.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use serde_json::{Map, Value};

/// Clients in use pad their segments or do not.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A JWT whose parts are JSON objects; nothing about it has been verified.
pub(crate) struct Jwt<'a> {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

/// A signature algorithm that Entra takes for client assertions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Ps256,
}

impl<'a> Jwt<'a> {
    /// Takes a JWT apart; `None` for anything that is not three segments with two JSON objects in them. White space
    /// around it is taken off: token files end in a line break, and some clients send it along.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed,
            signature: decode(signature)?,
        })
    }

    /// The algorithm of the header, if it is one of ours.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        match self.header("alg")? {
            "RS256" => Some(Algorithm::Rs256),
            "PS256" => Some(Algorithm::Ps256),
            _ => None,
        }
    }

    /// A text of the header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// A claim that is a text and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.claims
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A claim that is a time, in seconds since 1970. Some clients write fractions.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        value.as_i64().or_else(|| {
            let seconds = value.as_f64().filter(|seconds| seconds.abs() < 1e15)?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "in range, and whole seconds are meant"
            )]
            Some(seconds.floor() as i64)
        })
    }

    /// Whom it is for: one audience, or a list.
    pub(crate) fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether `key`, an `RSAPublicKey` in DER, made the signature.
    pub(crate) fn verifies(&self, key: &[u8]) -> bool {
        let parameters: &'static RsaParameters = match self.algorithm() {
            Some(Algorithm::Rs256) => &RSA_PKCS1_2048_8192_SHA256,
            Some(Algorithm::Ps256) => &RSA_PSS_2048_8192_SHA256,
            None => return false,
        };
        UnparsedPublicKey::new(parameters, key)
            .verify(self.signed.as_bytes(), &self.signature)
            .is_ok()
    }
}

/// Base64 of either alphabet, padded or not.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| matches!(byte, b'+' | b'/')) {
        return ENGINE.decode(text.replace('+', "-").replace('/', "_")).ok();
    }
    ENGINE.decode(text).ok()
}

fn object(segment: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&decode(segment)?).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};

    use super::{Jwt, decode};

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        for text in [
            BASE64_STANDARD.encode(bytes),
            BASE64_URL_SAFE.encode(bytes),
            BASE64_URL_SAFE_NO_PAD.encode(bytes),
        ] {
            assert_eq!(decode(&text).unwrap(), bytes, "{text}");
        }
        for bad in ["a", "*", "é", "a\n"] {
            assert!(decode(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_three_segments_with_two_objects_are_a_jwt() {
        let object = BASE64_URL_SAFE.encode("{\"exp\": 5.7}");
        let good = format!("{object}.{object}.c2ln\n");
        let jwt = Jwt::parse(&good).unwrap();
        assert_eq!(jwt.seconds("exp"), Some(5));
        let list = BASE64_URL_SAFE.encode("[]");
        for bad in [
            String::new(),
            format!("{object}.{object}"),
            format!("{object}.{list}.c2ln"),
            format!("{object}.{object}.*"),
            format!("{object}.{object}.c2ln.c2ln"),
        ] {
            assert!(Jwt::parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn times_out_of_range_are_none() {
        let claims = BASE64_URL_SAFE.encode(r#"{"a": 1e300, "b": "5", "c": null, "d": 9007199254740993}"#);
        let text = format!("{}.{claims}.c2ln", BASE64_URL_SAFE.encode("{}"));
        let jwt = Jwt::parse(&text).unwrap();
        assert_eq!(["a", "b", "c"].map(|name| jwt.seconds(name)), [None; 3]);
        assert_eq!(jwt.seconds("d"), Some(9_007_199_254_740_993));
    }
}
