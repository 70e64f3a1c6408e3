//! Client assertions: JWTs by which an application proves itself, signed with its certificate or by whom it trusts.

mod certificate;
mod federated;

use super::TokenCall;
use super::client_auth::Proof;
use crate::jwt::Jwt;
use crate::model::guid::is_guid;
use crate::refusal::Refusal;

/// The only kind of client assertion.
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far clocks may differ, in seconds.
pub(super) const SKEW: i64 = 300;

pub(super) fn authenticate(request: &TokenCall<'_>, assertion: &str) -> Result<Proof, Refusal> {
    match request.required("client_assertion_type")? {
        TYPE => {}
        _ => return Err(Refusal::new(165900).with("parameter", "client_assertion_type")),
    }
    if request.world.directory.is_lenient() && !request.app.has_credentials() {
        return Ok(Proof::Assertion);
    }
    let jwt = Jwt::parse(assertion).ok_or_else(|| Refusal::new(50027))?;
    if jwt.algorithm().is_none() {
        let named = jwt.header("alg").unwrap_or_default();
        return Err(Refusal::new(5002738).with("value", named));
    }
    let issuer = jwt
        .text("iss")
        .ok_or_else(|| Refusal::new(90014).with("parameter", "iss"))?;
    // An application names itself by its client id; every other issuer is a URL.
    if is_guid(issuer) {
        certificate::check(request, &jwt, issuer)?;
    } else {
        federated::check(request, &jwt, issuer)?;
    }
    if request.app.single_use_assertions {
        check_first_use(request, &jwt)?;
    }
    Ok(Proof::Assertion)
}

/// Within its time, give or take the clocks' difference. An end is required, a beginning is not.
fn check_times(request: &TokenCall<'_>, jwt: &Jwt<'_>) -> Result<(), Refusal> {
    let now = request.world.clock.unix_seconds();
    let end = jwt
        .seconds("exp")
        .ok_or_else(|| Refusal::new(90014).with("parameter", "exp"))?;
    let begun = jwt
        .seconds("nbf")
        .is_none_or(|begin| begin <= now.saturating_add(SKEW));
    if begun && now < end.saturating_add(SKEW) {
        return Ok(());
    }
    let time = crate::clock::entra_time;
    let begin = jwt.seconds("nbf").map_or_else(|| "any".to_owned(), time);
    let said = format!(
        "{}, assertion valid from {begin}, expiry time of assertion {}",
        time(now),
        time(end)
    );
    Err(Refusal::new(700024).with("value", said))
}

/// Entra takes an assertion any number of times within its life, and clients count on it; an application can be configured to
/// be stricter.
fn check_first_use(request: &TokenCall<'_>, jwt: &Jwt<'_>) -> Result<(), Refusal> {
    let id = jwt
        .text("jti")
        .ok_or_else(|| Refusal::new(90014).with("parameter", "jti"))?;
    let now = request.world.clock.unix_seconds();
    let until = jwt.seconds("exp").unwrap_or(now).saturating_add(SKEW);
    match request
        .world
        .sessions
        .first_sight(&request.app.id, id, now, until)
    {
        true => Ok(()),
        false => Err(Refusal::new(50027)),
    }
}
