//! The `claims` field of a token request.

use identity_base::{Error, ErrorKind};

use crate::json::Json;

/// The capability that tells Entra: this client handles claims challenges, so tokens may live long and be revoked early.
const CAPABILITY: &str = "CP1";

/// The claims to send. Without continuous access evaluation the caller's text goes out as it is; with it the capability is added to
/// `access_token.xms_cc`, and everything else is kept.
///
/// # Errors
/// [`ErrorKind::InvalidConfiguration`] when the capability has to be added and the caller's claims aren't a JSON object, or their `access_token` isn't.
pub fn merge_claims(claims: Option<&str>, enable_cae: bool) -> Result<Option<String>, Error> {
    let claims = claims.filter(|claims| !claims.is_empty());
    if !enable_cae {
        return Ok(claims.map(str::to_owned));
    }
    let mut merged = match claims {
        None => Json::Object(Vec::new()),
        Some(claims) => Json::parse(claims.as_bytes()).map_err(|error| invalid(&error.to_string()))?,
    };
    if merged.as_object().is_none() {
        return Err(invalid("they are not an object"));
    }
    let mut access_token = match merged.get("access_token") {
        None | Some(Json::Null) => Json::Object(Vec::new()),
        Some(members @ Json::Object(_)) => members.clone(),
        Some(_) => return Err(invalid("their `access_token` is not an object")),
    };
    let capability = Json::Object(vec![(
        "values".to_owned(),
        Json::Array(vec![Json::from(CAPABILITY)]),
    )]);
    access_token.set("xms_cc", capability);
    merged.set("access_token", access_token);
    Ok(Some(merged.to_document().to_string()))
}

fn invalid(why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfiguration,
        format!("the claims can't be used: {why}"),
    )
    .with_hint("pass the claims of the challenge as decoded JSON text, not as base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_cae_the_callers_text_goes_out_as_it_is() {
        for text in ["{\"a\":  1}", "not json", "{\"a\":1,\"a\":2}"] {
            assert_eq!(merge_claims(Some(text), false).unwrap().as_deref(), Some(text));
        }
        assert_eq!(merge_claims(None, false).unwrap(), None);
        assert_eq!(merge_claims(Some(""), false).unwrap(), None);
    }

    #[test]
    fn with_cae_the_capability_is_merged_in() {
        let merged = |claims| merge_claims(claims, true).unwrap().unwrap();
        let alone = r#"{"access_token": {"xms_cc": {"values": ["CP1"]}}}"#;
        for claims in [
            None,
            Some(""),
            Some("{}"),
            Some("{\"access_token\":null}"),
            Some("{\"access_token\":{\"xms_cc\":{\"values\":[\"x\"]}}}"),
        ] {
            assert_eq!(merged(claims), alone, "{claims:?}");
        }
        assert_eq!(
            merged(Some(
                r#"{"id_token":{"z":1},"access_token":{"nbf":{"essential":true,"value":"1764"},"xms_cc":1,"acrs":null},"b":"é"}"#
            )),
            r#"{"id_token": {"z": 1}, "access_token": {"nbf": {"essential": true, "value": "1764"}, "xms_cc": {"values": ["CP1"]}, "acrs": null}, "b": "\u00e9"}"#
        );
    }

    #[test]
    fn claims_that_can_t_be_merged_are_an_error() {
        for bad in [
            "CNRY",
            "[]",
            "\"x\"",
            "1",
            "{\"access_token\":1}",
            "{\"access_token\":[]}",
            "eyJhIjoxfQ==",
        ] {
            let error = merge_claims(Some(bad), true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad}");
            assert!(!error.to_string().contains("CNRY"));
        }
    }
}
