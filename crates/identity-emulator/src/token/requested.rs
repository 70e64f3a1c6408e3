//! The `claims` parameter: what the client can do and what it was told to bring.

use serde_json::Value;

use crate::refusal::Refusal;

/// The parts of a claims request that change a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestedClaims {
    /// The client capabilities in `access_token.xms_cc.values`, such as `CP1`.
    pub(crate) capabilities: Vec<String>,
    /// The authentication contexts in `access_token.acrs`, such as `c1`: a sign-in has to satisfy them.
    pub(crate) acrs: Vec<String>,
}

impl RequestedClaims {
    pub(crate) fn parse(claims: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = claims else {
            return Ok(Self::default());
        };
        let document: Value = serde_json::from_str(text).map_err(|_| Refusal::new(9000410))?;
        if !document.is_object() {
            return Err(Refusal::new(9000410));
        }
        let values = document
            .pointer("/access_token/xms_cc/values")
            .and_then(Value::as_array);
        let capabilities = values
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let acrs = document.pointer("/access_token/acrs");
        let values = acrs.and_then(|acrs| acrs.get("values")).and_then(Value::as_array);
        let one = acrs.and_then(|acrs| acrs.get("value"));
        let acrs = values
            .into_iter()
            .flatten()
            .chain(one)
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        Ok(Self { capabilities, acrs })
    }
}

#[cfg(test)]
mod tests {
    use super::RequestedClaims;

    #[test]
    fn capabilities_are_read_and_rubbish_is_refused() {
        let claims = r#"{"access_token":{"xms_cc":{"values":["CP1"]},"nbf":{"essential":true,"value":"1"}}}"#;
        assert_eq!(
            RequestedClaims::parse(Some(claims)).unwrap().capabilities,
            ["CP1"]
        );
        for without in [None, Some("{}"), Some(r#"{"access_token":null}"#)] {
            assert_eq!(
                RequestedClaims::parse(without).unwrap(),
                RequestedClaims::default()
            );
        }
        for bad in ["{", "[]", "\"x\""] {
            assert!(RequestedClaims::parse(Some(bad)).is_err(), "{bad}");
        }
    }
}
