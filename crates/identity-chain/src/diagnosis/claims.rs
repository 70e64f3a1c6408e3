//! The claims of a token, read without verifying anything: for people.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_base::Foreign;
use identity_runtime::json::Json;

/// The most bytes of one claim that are shown.
const MAX_CLAIM_BYTES: usize = 160;
/// The most roles and scopes that are shown.
const MAX_PERMISSIONS: usize = 20;

/// The claims of a token that is a JWT.
#[derive(Debug)]
pub(crate) struct Claims(Json);

impl Claims {
    /// Reads them; `None` for a token that isn't a JWT.
    pub(crate) fn read(token: &str) -> Option<Self> {
        let mut parts = token.trim().split('.');
        let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
            return None;
        };
        let bytes = zeroize::Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
        let json = Json::parse(&bytes).ok()?;
        json.as_object()?;
        Some(Self(json))
    }

    /// A text claim, made safe to show.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = self.0.text(name)?;
        Some(Foreign::new(text, MAX_CLAIM_BYTES).to_string())
    }

    /// The first of these claims that is there.
    pub(crate) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// The audiences: one text or many.
    pub(crate) fn audiences(&self) -> Vec<String> {
        match (self.text("aud"), self.0.get("aud").and_then(Json::as_array)) {
            (Some(one), _) => vec![one],
            (None, Some(many)) => texts(many),
            (None, None) => Vec::new(),
        }
    }

    /// Its roles, and its scopes.
    pub(crate) fn permissions(&self) -> Vec<String> {
        let roles = self.0.get("roles").and_then(Json::as_array);
        let scopes = self.0.text("scp").unwrap_or_default();
        let scopes = scopes
            .split_whitespace()
            .map(|scope| Foreign::new(scope, MAX_CLAIM_BYTES).to_string());
        roles
            .map(texts)
            .unwrap_or_default()
            .into_iter()
            .chain(scopes)
            .take(MAX_PERMISSIONS)
            .collect()
    }

    /// A time in seconds since 1970.
    pub(crate) fn time(&self, name: &str) -> Option<SystemTime> {
        let seconds = u64::try_from(self.0.get(name)?.as_integer()?).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}

fn texts(values: &[Json]) -> Vec<String> {
    values
        .iter()
        .filter_map(Json::as_text)
        .map(|text| Foreign::new(text, MAX_CLAIM_BYTES).to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_of_a_jwt_are_read() {
        let claims = Claims::read(&jwt(
            r#"{"aud":["a","b"],"exp":1764000000,"oid":"o\u001b[31m","roles":["R"],"scp":"S T"}"#,
        ))
        .unwrap();
        assert_eq!(claims.audiences(), ["a", "b"]);
        assert_eq!(claims.permissions(), ["R", "S", "T"]);
        assert_eq!(claims.first(&["upn", "oid"]).unwrap(), "o\\u{1b}[31m");
        assert_eq!(
            claims.time("exp").unwrap(),
            UNIX_EPOCH + Duration::from_secs(1_764_000_000)
        );
        assert_eq!(claims.time("nbf"), None);
    }

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        for token in ["", "a.b", "a.b.c", "e30.e30.e30.e30", "opaque", "e30.WzFd.c2ln"] {
            assert!(Claims::read(token).is_none(), "{token}");
        }
        let odd = Claims::read(&jwt(r#"{"exp":-5,"aud":7,"roles":"no"}"#)).unwrap();
        assert_eq!(odd.time("exp"), None);
        assert!(odd.audiences().is_empty() && odd.permissions().is_empty());
    }
}
