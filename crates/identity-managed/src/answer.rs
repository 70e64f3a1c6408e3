//! Reading the answer that has a token.

use std::time::Duration;

use identity_base::seam::Now;
use identity_base::{AccessToken, Error, ErrorKind, Fetched, Foreign, Secret};
use identity_runtime::entra::{expires_on, lifetime};
use identity_runtime::json::Json;

use crate::{ManagedIdentitySource, UserAssignedId};

/// Whether an answer has to say whose token it brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// If it says so, it has to be right.
    IfPresent,
    /// It has to: older versions of this endpoint ignore which identity is asked for and give the host's own.
    Required,
}

/// What was asked for, as far as the answer has to agree with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) source: ManagedIdentitySource,
    pub(crate) resource: &'a str,
    pub(crate) identity: Option<&'a UserAssignedId>,
    pub(crate) echo: Echo,
}

/// Takes the token out of an answer that has one, after checking that it is the one that was asked for. `sent` is when the request was sent.
pub(crate) fn read(json: &Json, expected: &Expected<'_>, sent: Now) -> Result<Fetched, Error> {
    let token = token(json)?;
    check_resource(json, expected)?;
    check_identity(json, expected)?;
    let lifetime = token_lifetime(json, sent)?;
    let fetched = Fetched::new(token, lifetime);
    // What makes no sense is ignored: the advice is a courtesy.
    let refresh_in = json
        .get("refresh_in")
        .and_then(|value| identity_runtime::entra::lifetime("refresh_in", value).ok())
        .filter(|refresh_in| *refresh_in < lifetime);
    Ok(match refresh_in {
        Some(refresh_in) => fetched.refresh_in(refresh_in),
        None => fetched,
    })
}

/// Whether an answer is meant to have a token. One that names an error beside it isn't.
pub(crate) fn has_token(json: &Json) -> bool {
    let names_error = json.text("error").is_some_and(|error| !error.is_empty());
    json.get("access_token").is_some() && !names_error
}

fn token(json: &Json) -> Result<Secret, Error> {
    let token = match json.get("access_token") {
        Some(Json::Text(token)) => Secret::new(token.as_str()),
        Some(other) => return Err(protocol(format!("the access token is {}", other.kind()))),
        None => return Err(protocol("the answer has no access token")),
    };
    // The type's own checks, before anything is kept: length, and characters that can stand in a header.
    AccessToken::from_parts(&token, 0, None)?;
    match json.get("token_type") {
        None | Some(Json::Null) => Ok(token),
        Some(Json::Text(kind)) if kind.eq_ignore_ascii_case("bearer") => Ok(token),
        Some(_) => Err(protocol("the answer's token is not of the type Bearer")),
    }
}

/// `expires_in`, shortened to `expires_on` where that is earlier: some endpoints answer from a cache with the `expires_in` of the first answer. An
/// `expires_on` in the past beside an `expires_in` says that this machine's clock is wrong, and then the duration is right.
fn token_lifetime(json: &Json, sent: Now) -> Result<Duration, Error> {
    let present = |name| json.get(name).filter(|value| !matches!(value, Json::Null));
    let relative = present("expires_in")
        .map(|value| lifetime("expires_in", value))
        .transpose()?;
    let absolute = present("expires_on")
        .map(|value| expires_on("expires_on", value))
        .transpose()?
        .map(|end| Duration::from_millis(u64::try_from(end.saturating_sub(sent.wall)).unwrap_or(0)));
    match (relative, absolute) {
        (Some(relative), Some(absolute)) if !absolute.is_zero() => Ok(relative.min(absolute)),
        (Some(relative), _) => Ok(relative),
        (None, Some(absolute)) if !absolute.is_zero() => Ok(absolute),
        (None, Some(_)) => Err(protocol(
            "the token is expired already, or this machine's clock is ahead",
        )),
        (None, None) => Err(protocol("the answer does not say how long the token is valid")),
    }
}

/// A token for another resource is of no use, and sending it there would give it away.
fn check_resource(json: &Json, expected: &Expected<'_>) -> Result<(), Error> {
    let Some(echoed) = json.text("resource").filter(|echoed| !echoed.is_empty()) else {
        return Ok(());
    };
    let plain = |resource: &str| resource.trim_end_matches('/').to_ascii_lowercase();
    match plain(echoed) == plain(expected.resource) {
        true => Ok(()),
        false => Err(mismatch(
            expected,
            format!("the answer is for the resource {}", Foreign::quoted(echoed, 120)),
        )),
    }
}

/// Compares the identity that was asked for with the one that the answer names, if it does.
fn check_identity(json: &Json, expected: &Expected<'_>) -> Result<(), Error> {
    let Some(identity) = expected.identity else {
        return Ok(());
    };
    let members: &[&str] = match identity {
        UserAssignedId::ClientId(_) => &["client_id"],
        UserAssignedId::ObjectId(_) => &["object_id"],
        UserAssignedId::ResourceId(_) => &["msi_res_id", "mi_res_id"],
    };
    let mut echoes = members
        .iter()
        .filter_map(|member| json.text(member))
        .filter(|echo| !echo.is_empty())
        .peekable();
    if echoes.peek().is_none() && expected.echo == Echo::Required {
        return Err(mismatch(
            expected,
            "the answer does not confirm the requested identity",
        ));
    }
    match echoes.find(|echo| !echo.eq_ignore_ascii_case(identity.as_str())) {
        None => Ok(()),
        Some(other) => Err(mismatch(
            expected,
            format!(
                "the answer is for the {} {}",
                identity.kind(),
                Foreign::quoted(other, 120)
            ),
        )),
    }
}

fn mismatch(expected: &Expected<'_>, why: impl std::fmt::Display) -> Error {
    let asked = match expected.identity {
        Some(identity) => format!("{identity} and the resource {}", expected.resource),
        None => format!("the resource {}", expected.resource),
    };
    Error::new(
        ErrorKind::IdentityMismatch,
        format!(
            "{}: {why}; asked for {}",
            expected.source,
            Foreign::new(&asked, 500)
        ),
    )
    .with_hint(match expected.source {
        ManagedIdentitySource::AzureArc => {
            "update the Azure Connected Machine agent: old ones ignore which identity is asked for"
        }
        _ => "find out what answers in the endpoint's place, and update it",
    })
}

fn protocol(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

#[cfg(test)]
mod tests;
