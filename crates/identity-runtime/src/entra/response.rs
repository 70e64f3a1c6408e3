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
mod tests;
