//! What an answer says about the account. It came over TLS from the service itself, so id tokens are decoded, not verified.

use identity_runtime::crypto::decode_base64;
use identity_runtime::json::Json;

/// The claims of an id token.
pub(crate) struct IdClaims(Json);

impl IdClaims {
    /// The claims of `token`, if it is one.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let payload = decode(token.split('.').nth(1)?)?;
        payload.as_object()?;
        Some(Self(payload))
    }

    /// A claim that is a text and not empty.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.0.text(claim).filter(|text| !text.is_empty())
    }

    /// The user's name.
    pub(crate) fn username(&self) -> Option<&str> {
        self.text("preferred_username").or_else(|| self.text("upn"))
    }
}

/// The account's id: `uid.utid` of the client info, else the subject of the id token; none for an application.
pub(crate) fn home_account_id(client_info: Option<&str>, claims: Option<&IdClaims>) -> Option<String> {
    client_info
        .and_then(from_client_info)
        .or_else(|| claims?.text("sub").map(str::to_owned))
}

fn from_client_info(client_info: &str) -> Option<String> {
    let json = decode(client_info)?;
    let part = |name| json.text(name).filter(|text| !text.is_empty());
    Some(format!("{}.{}", part("uid")?, part("utid")?))
}

fn decode(base64: &str) -> Option<Json> {
    Json::parse(&decode_base64(base64).ok()?).ok()
}
