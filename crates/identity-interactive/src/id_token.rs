//! Whether an id token is for the sign-in that was asked for. It came over TLS from the token endpoint, so its signature would add nothing.

use identity_base::{Authority, Cloud, Error, ErrorKind, Secret, TenantId};
use identity_runtime::crypto::{constant_time_eq, decode_base64};
use identity_runtime::entra::TokenResponse;
use identity_runtime::json::Json;

use crate::application::{Application, is_shared};

/// How far clocks may differ, in milliseconds.
const CLOCK_SKEW: i64 = 5 * 60_000;

/// What a sign-in asked for.
pub(crate) struct Expected<'a> {
    pub(crate) application: &'a Application,
    pub(crate) tenant: &'a TenantId,
    /// What the browser was sent with, if one was.
    pub(crate) nonce: Option<&'a Secret>,
}

/// Checks audience, issuer, tenant, time and nonce. An answer without an id token passes unless a nonce has to come back.
///
/// # Errors
/// [`ErrorKind::IdentityMismatch`] that says what differs; [`ErrorKind::Protocol`] for a token that can't be read.
pub(crate) fn check(response: &TokenResponse, expected: &Expected<'_>) -> Result<(), Error> {
    let Some(token) = &response.id_token else {
        return match expected.nonce {
            None => Ok(()),
            Some(_) => Err(mismatch("is missing")),
        };
    };
    let claims = claims(token.expose())
        .ok_or_else(|| Error::new(ErrorKind::Protocol, "the answer's id token can't be read"))?;
    let application = expected.application;
    let text = |name| claims.text(name).unwrap_or_default();
    if !text("aud").eq_ignore_ascii_case(application.client_id().as_str()) {
        return Err(mismatch("is for another application"));
    }
    check_issuer(text("iss"), text("tid"), application.authority(), expected.tenant)?;
    let now = application.options().clock().now().wall;
    if let Some(end) = claims.get("exp").and_then(Json::as_integer)
        && end.saturating_mul(1000).saturating_add(CLOCK_SKEW) < now
    {
        return Err(mismatch("is expired").with_hint("check this machine's clock"));
    }
    match expected.nonce {
        Some(nonce) if !constant_time_eq(nonce.expose().as_bytes(), text("nonce").as_bytes()) => {
            Err(mismatch("is for another sign-in"))
        }
        _ => Ok(()),
    }
}

/// The issuer has to be the authority's, and its tenant the one of the token and, where one was named by its id, the one asked for.
fn check_issuer(issuer: &str, tid: &str, authority: &Authority, tenant: &TenantId) -> Result<(), Error> {
    let Some((host, path)) = issuer
        .strip_prefix("https://")
        .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
    else {
        return Err(mismatch("has no issuer"));
    };
    let same_host = host.eq_ignore_ascii_case(authority.origin())
        || Authority::parse(host)
            .is_ok_and(|issuer| issuer.cloud() != Cloud::Custom && issuer.cloud() == authority.cloud());
    // Customers' domains issue under the tenant's own host name, beside that of the authority.
    let is_sibling = || {
        let (name, domain) = host.split_once('.')?;
        let (_, own) = authority.host().split_once('.')?;
        let is_domain = domain.contains('.') && domain.eq_ignore_ascii_case(own);
        (is_domain && !tid.is_empty() && name.eq_ignore_ascii_case(tid)).then_some(())
    };
    if !same_host && is_sibling().is_none() {
        return Err(mismatch("is of another issuer"));
    }
    if tenant.is_adfs() {
        return Ok(());
    }
    if !tid.is_empty() && !path.split('/').any(|segment| segment.eq_ignore_ascii_case(tid)) {
        return Err(mismatch("is of another tenant than its issuer"));
    }
    let is_id = !tenant.as_str().contains('.') && !is_shared(tenant);
    if is_id && !tenant.matches(tid) {
        return Err(mismatch("is of another tenant than the one asked for"));
    }
    Ok(())
}

fn claims(token: &str) -> Option<Json> {
    let payload = Json::parse(&decode_base64(token.split('.').nth(1)?).ok()?).ok()?;
    payload.as_object()?;
    Some(payload)
}

fn mismatch(what: &'static str) -> Error {
    Error::new(
        ErrorKind::IdentityMismatch,
        format!("the sign-in's id token {what}"),
    )
}

#[cfg(test)]
mod tests;
