//! The answer of a token endpoint.

use std::fmt;
use std::time::Duration;

use identity_base::seam::{HttpResponse, Now};
use identity_base::{AccessToken, Error, ErrorKind, Fetched, Secret};

use super::lifetime::{MAX_LIFETIME, expires_on, lifetime};
use super::skew::ClockSkew;
use crate::json::Json;

/// A token, with all that came along.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The access token.
    pub token: Secret,
    /// How long it is valid, from the moment the request was sent. At most 48 hours.
    pub lifetime: Duration,
    /// After how long a refresh is advised, if the service said so and it makes sense.
    pub refresh_in: Option<Duration>,
    /// A refresh token, if one was given.
    pub refresh_token: Option<Secret>,
    /// An id token, if one was given.
    pub id_token: Option<Secret>,
    /// The account's ids as base64url of JSON, if they were asked for.
    pub client_info: Option<String>,
    /// The family of client ids that may share the refresh token.
    pub foci: Option<String>,
    /// The granted scopes, as the service spells them.
    pub scope: Option<String>,
    /// When the request was sent.
    pub sent: Now,
    /// How far the service's clock is from ours, if it told its time.
    pub skew: Option<ClockSkew>,
}

impl TokenResponse {
    /// Reads an answer with status 2xx.
    pub(super) fn read(response: &HttpResponse, json: &Json, sent: Now) -> Result<Self, Error> {
        let token = access_token(json)?;
        check_token_type(json)?;
        let lifetime = token_lifetime(json, sent)?;
        Ok(Self {
            token,
            lifetime,
            refresh_in: refresh_in(json, lifetime),
            refresh_token: secret(json, "refresh_token"),
            id_token: secret(json, "id_token"),
            client_info: plain(json, "client_info"),
            foci: plain(json, "foci"),
            scope: plain(json, "scope"),
            sent,
            skew: ClockSkew::of(&response.headers, sent),
        })
    }

    /// What the token engine keeps.
    #[must_use]
    pub fn into_fetched(self) -> Fetched {
        let fetched = Fetched::new(self.token, self.lifetime);
        match self.refresh_in {
            Some(refresh_in) => fetched.refresh_in(refresh_in),
            None => fetched,
        }
    }

    /// When the token expires, in milliseconds since the Unix epoch by our clock.
    #[must_use]
    pub fn expires_on_millis(&self) -> i64 {
        let lifetime = i64::try_from(self.lifetime.as_millis()).unwrap_or(i64::MAX);
        self.sent.wall.saturating_add(lifetime)
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("lifetime", &self.lifetime)
            .field("refresh_in", &self.refresh_in)
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("has_id_token", &self.id_token.is_some())
            .field("foci", &self.foci)
            .field("skew", &self.skew)
            .finish_non_exhaustive()
    }
}

fn access_token(json: &Json) -> Result<Secret, Error> {
    let token = match json.get("access_token") {
        None | Some(Json::Null) => return Err(protocol("the answer has no access token")),
        Some(Json::Text(token)) => Secret::new(token.as_str()),
        Some(other) => return Err(protocol(format!("the access token is {}", other.kind()))),
    };
    // The type's own checks, before anything is kept: length, and characters that can stand in a header.
    AccessToken::from_parts(&token, 0, None)?;
    Ok(token)
}

/// Only bearer tokens were asked for. A missing type means the same, as in the peers.
fn check_token_type(json: &Json) -> Result<(), Error> {
    match json.get("token_type") {
        None | Some(Json::Null) => Ok(()),
        Some(Json::Text(kind)) if kind.eq_ignore_ascii_case("bearer") => Ok(()),
        Some(_) => Err(protocol("the answer's token is not of the type Bearer")),
    }
}

/// `expires_in`, or else `expires_on`: a duration does not depend on whose clock is right.
fn token_lifetime(json: &Json, sent: Now) -> Result<Duration, Error> {
    match (json.get("expires_in"), json.get("expires_on")) {
        (Some(value), _) if !matches!(value, Json::Null) => lifetime("expires_in", value),
        (_, Some(value)) if !matches!(value, Json::Null) => {
            let left = expires_on("expires_on", value)?.saturating_sub(sent.wall);
            match u64::try_from(left) {
                Ok(left) if left > 0 => Ok(Duration::from_millis(left).min(MAX_LIFETIME)),
                _ => Err(protocol(
                    "the token is expired already, or this machine's clock is ahead",
                )),
            }
        }
        _ => Err(protocol("the answer does not say how long the token is valid")),
    }
}

/// What makes no sense is ignored: the advice is a courtesy.
fn refresh_in(json: &Json, lifetime_of_token: Duration) -> Option<Duration> {
    json.get("refresh_in")
        .and_then(|value| lifetime("refresh_in", value).ok())
        .filter(|refresh_in| *refresh_in < lifetime_of_token)
}

fn secret(json: &Json, member: &str) -> Option<Secret> {
    json.text(member)
        .filter(|text| !text.is_empty())
        .map(Secret::from)
}

fn plain(json: &Json, member: &str) -> Option<String> {
    json.text(member)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn protocol(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

    const SENT: Now = Now {
        wall: 1_764_000_000_000,
        elapsed: 5,
    };

    fn read(document: &str) -> Result<TokenResponse, Error> {
        let response = HttpResponse::new(StatusCode::OK, HeaderMap::new(), document);
        TokenResponse::read(&response, &Json::parse(document.as_bytes()).unwrap(), SENT)
    }

    fn refused(document: &str) -> Error {
        let error = read(document).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{document}");
        assert!(!format!("{error} {error:?}").contains("CNRY"), "{error:?}");
        error
    }

    #[test]
    fn a_whole_answer_is_read() {
        let answer = read(
            r#"{"access_token":"a.b.c","token_type":"bearer","expires_in":3599,"refresh_in":"1800","refresh_token":"rt","id_token":"idt","client_info":"ci","foci":"1","scope":"x y"}"#,
        )
        .unwrap();
        assert_eq!(answer.token.expose(), "a.b.c");
        assert_eq!(
            (answer.lifetime, answer.refresh_in),
            (Duration::from_secs(3599), Some(Duration::from_secs(1800)))
        );
        assert_eq!(answer.refresh_token.as_ref().unwrap().expose(), "rt");
        assert_eq!(answer.id_token.as_ref().unwrap().expose(), "idt");
        assert_eq!(
            (
                answer.client_info.as_deref(),
                answer.foci.as_deref(),
                answer.scope.as_deref()
            ),
            (Some("ci"), Some("1"), Some("x y"))
        );
        assert_eq!(answer.expires_on_millis(), SENT.wall + 3_599_000);
        let fetched = answer.into_fetched();
        assert_eq!(
            fetched.expiry,
            identity_base::Expiry::In(Duration::from_secs(3599))
        );
        assert_eq!(
            fetched.refresh,
            Some(identity_base::Expiry::In(Duration::from_secs(1800)))
        );
    }

    #[test]
    fn an_answer_without_a_usable_token_is_refused() {
        for token in [
            "",
            "\"access_token\":null,",
            "\"access_token\":\"\",",
            "\"access_token\":7,",
            "\"access_token\":[\"CNRY\"],",
        ] {
            refused(&format!("{{{token}\"expires_in\":3600}}"));
        }
        for token in [
            "CNRY\\r\\nX: y",
            "CNRY CNRY",
            "CNRY\\u0000",
            "CNRYé",
            "CNRY\\u007f",
        ] {
            refused(&format!("{{\"access_token\":\"{token}\",\"expires_in\":3600}}"));
        }
        assert!(
            read(&format!(
                "{{\"access_token\":\"{}\",\"expires_in\":1}}",
                "a".repeat(65_536)
            ))
            .is_ok()
        );
        refused(&format!(
            "{{\"access_token\":\"{}\",\"expires_in\":1}}",
            "a".repeat(1 << 20)
        ));
    }

    #[test]
    fn only_bearer_tokens_are_taken() {
        let of_type = |kind: &str| {
            read(&format!(
                "{{\"access_token\":\"t\",\"expires_in\":60,\"token_type\":{kind}}}"
            ))
        };
        for good in ["\"Bearer\"", "\"bearer\"", "\"BEARER\"", "null"] {
            assert!(of_type(good).is_ok(), "{good}");
        }
        for bad in ["\"pop\"", "\"mac\"", "\"\"", "7", "\"Bearer \""] {
            assert_eq!(of_type(bad).unwrap_err().kind(), ErrorKind::Protocol, "{bad}");
        }
    }

    #[test]
    fn expires_in_goes_before_expires_on() {
        let lifetime = |members: &str| {
            read(&format!("{{\"access_token\":\"t\",{members}}}")).map(|answer| answer.lifetime.as_secs())
        };
        assert_eq!(
            lifetime("\"expires_in\":60,\"expires_on\":1764099999").unwrap(),
            60
        );
        assert_eq!(lifetime("\"expires_on\":1764000100").unwrap(), 100);
        assert_eq!(
            lifetime("\"expires_on\":\"1764000100\",\"expires_in\":null").unwrap(),
            100
        );
        assert_eq!(lifetime("\"expires_on\":99999999999").unwrap(), 48 * 3600);
        for bad in [
            "\"x\":1",
            "\"expires_in\":null",
            "\"expires_on\":1764000000",
            "\"expires_on\":0",
            "\"expires_on\":-5",
            "\"expires_in\":0,\"expires_on\":1764000100",
            "\"expires_in\":\"CNRY\"",
            "\"expires_on\":\"CNRY\"",
        ] {
            assert_eq!(lifetime(bad).unwrap_err().kind(), ErrorKind::Protocol, "{bad}");
        }
    }

    #[test]
    fn advice_that_makes_no_sense_is_ignored() {
        let refresh_in = |value: &str| {
            read(&format!(
                "{{\"access_token\":\"t\",\"expires_in\":3600,\"refresh_in\":{value}}}"
            ))
            .unwrap()
            .refresh_in
        };
        for bad in ["-1", "0", "3600", "99999", "\"soon\"", "null", "[]", "1e300"] {
            assert_eq!(refresh_in(bad), None, "{bad}");
        }
        assert_eq!(refresh_in("3599"), Some(Duration::from_secs(3599)));
    }

    #[test]
    fn debug_shows_no_secret() {
        let answer = read(
            r#"{"access_token":"CNRY1","expires_in":60,"refresh_token":"CNRY2","id_token":"CNRY3","client_info":"CNRY4","scope":"CNRY5"}"#,
        )
        .unwrap();
        assert!(!format!("{answer:?} {:?}", answer.clone().into_fetched()).contains("CNRY"));
    }
}
