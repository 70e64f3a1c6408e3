//! A look into an access token, to tell a person whose it is. Nothing is verified and nothing relies on it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_base::Foreign;
use serde_json::Value;
use zeroize::Zeroizing;

/// The most bytes of a claim that are shown.
const MAX_SHOWN_BYTES: usize = 200;

/// What a token says about itself; all of it may be missing, since access tokens are opaque to whoever asks for them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The user, or the application's name.
    pub(crate) name: Option<String>,
    /// The application's client id.
    pub(crate) client_id: Option<String>,
    /// The tenant's id.
    pub(crate) tenant_id: Option<String>,
}

impl Claims {
    /// Reads the payload of a compact JWT; anything else says nothing.
    pub(crate) fn of(token: &str) -> Self {
        let parts: Vec<_> = token.split('.').collect();
        let &[_, payload, _] = parts.as_slice() else {
            return Self::default();
        };
        let Ok(payload) = BASE64_URL_SAFE_NO_PAD.decode(payload).map(Zeroizing::new) else {
            return Self::default();
        };
        let payload: Value = serde_json::from_slice(&payload).unwrap_or_default();
        let first = |names: &[&str]| {
            let values = names.iter().filter_map(|name| payload.get(name)?.as_str());
            let mut values = values.filter(|value| !value.is_empty());
            values
                .next()
                .map(|value| Foreign::new(value, MAX_SHOWN_BYTES).to_string())
        };
        Self {
            name: first(&[
                "upn",
                "preferred_username",
                "unique_name",
                "email",
                "app_displayname",
            ]),
            client_id: first(&["appid", "azp"]),
            tenant_id: first(&["tid"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_token_tells_whose_it_is() {
        let claims = Claims::of(&token(
            r#"{"tid":"t","appid":"a","app_displayname":"job","upn":""}"#,
        ));
        assert_eq!(claims.tenant_id.as_deref(), Some("t"));
        assert_eq!(claims.client_id.as_deref(), Some("a"));
        assert_eq!(claims.name.as_deref(), Some("job"));
    }

    #[test]
    fn opaque_and_broken_tokens_tell_nothing() {
        for bad in [
            "",
            "opaque",
            "a.b",
            "a.!.c",
            "a.b.c.d",
            &token("[1]"),
            &token("nope"),
            &token(r#"{"tid":5}"#),
        ] {
            assert_eq!(Claims::of(bad), Claims::default(), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_is_safe_for_a_terminal() {
        let claims = Claims::of(&token("{\"upn\":\"a\\u001b[2J\"}"));
        assert_eq!(claims.name.as_deref(), Some("a\\u{1b}[2J"));
    }
}
