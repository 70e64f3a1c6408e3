//! The record of a sign-in.

use identity_base::{Authority, ClientId, Error, ErrorKind, TenantId};
use identity_runtime::entra::TokenResponse;

use super::AuthenticationRecord;
use crate::document::home_account_id;
use crate::document::id_token::IdClaims;

/// The record of the account that `response` is for.
pub(super) fn record(response: &TokenResponse) -> Result<AuthenticationRecord, Error> {
    let id_token = response
        .id_token
        .as_ref()
        .ok_or_else(|| unexpected("is missing"))?;
    let claims = IdClaims::of(id_token.expose()).ok_or_else(|| unexpected("can't be read"))?;
    let home_account_id = home_account_id(response.client_info.as_deref(), Some(&claims))
        .ok_or_else(|| unexpected("has no subject"))?;
    let (host, path) = claims
        .text("iss")
        .and_then(split_issuer)
        .ok_or_else(|| unexpected("has no issuer"))?;
    let tenant = claims
        .text("tid")
        .or(path)
        .ok_or_else(|| unexpected("has no tenant"))?;
    let audience = claims.text("aud").ok_or_else(|| unexpected("has no audience"))?;
    let username = claims.username().ok_or_else(|| unexpected("has no user name"))?;
    AuthenticationRecord::new(
        Authority::parse(host).map_err(|_| unexpected("has a malformed issuer"))?,
        TenantId::parse(tenant).map_err(|_| unexpected("has a malformed tenant"))?,
        ClientId::parse(audience).map_err(|_| unexpected("has a malformed audience"))?,
        home_account_id,
        username,
    )
    .map_err(|_| unexpected("has a malformed user name or subject"))
}

/// `https://host/tenant/…` into host and tenant.
fn split_issuer(issuer: &str) -> Option<(&str, Option<&str>)> {
    let rest = issuer.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let tenant = path.split('/').next().filter(|segment| !segment.is_empty());
    (!host.is_empty()).then_some((host, tenant))
}

fn unexpected(what: &str) -> Error {
    Error::new(
        ErrorKind::AuthenticationFailed,
        format!("the sign-in can't be recorded: its id token {what}"),
    )
    .with_hint("the scopes `openid` and `profile` are needed for a record")
}
