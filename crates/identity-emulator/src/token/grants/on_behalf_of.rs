//! `jwt-bearer`: a service trades the token that it was called with for one to the next service.

use super::Grant;
use crate::answer::Answer;
use crate::jwt::Jwt;
use crate::model::{AppKind, User};
use crate::refusal::Refusal;
use crate::sessions::Authorization;
use crate::token::TokenCall;
use crate::token::assertion::SKEW;
use crate::token::delegated::Wanted;
use crate::token::issue::{self, Extras};

pub(super) struct OnBehalfOf;

impl Grant for OnBehalfOf {
    fn name(&self) -> &'static str {
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    }

    fn redeem(&self, request: &TokenCall<'_>) -> Result<Answer, Refusal> {
        if request.app.kind == AppKind::Public {
            return Err(Refusal::new(700025));
        }
        let assertion = request.required("assertion")?;
        match request.required("requested_token_use")? {
            "on_behalf_of" => {}
            _ => return Err(Refusal::new(70000).with("parameter", "requested_token_use")),
        }
        let proof = request.authenticate()?;
        let jwt = Jwt::parse(assertion).ok_or_else(|| Refusal::new(50027))?;
        check(request, &jwt)?;
        let wanted = Wanted::read(request, &[])?;
        let now = request.world.clock.unix_seconds();
        let authorization = Authorization {
            tenant: request.tenant.id.clone(),
            app: request.app.id.clone(),
            user: user(&jwt),
            scopes: wanted.granted.clone(),
            nonce: None,
            signed_in: now,
            acrs: Vec::new(),
        };
        let sessions = &request.world.sessions;
        let refresh_token = wanted
            .refresh_token
            .then(|| sessions.refresh_token(&request.world.ids, now, authorization.clone()));
        issue::for_user(request, &wanted, &authorization, proof, Extras { refresh_token })
    }
}

/// The assertion is a user's token that the emulator signed, for this application, within its time.
fn check(request: &TokenCall<'_>, jwt: &Jwt<'_>) -> Result<(), Refusal> {
    let world = request.world;
    if !jwt.verifies(world.signer.public_key()) {
        let known = jwt.header("kid").is_some_and(|kid| kid == world.signer.kid());
        let reason = match known {
            true => "The provided signature value did not match the expected signature value.",
            false => "The key was not found.",
        };
        return Err(Refusal::new(50013).with("reason", reason));
    }
    let now = world.clock.unix_seconds();
    let is_begun = jwt
        .seconds("nbf")
        .is_none_or(|begin| begin <= now.saturating_add(SKEW));
    // Access tokens get no grace at their end: an API would refuse them as well.
    if !is_begun || jwt.seconds("exp").is_none_or(|end| end <= now) {
        return Err(Refusal::new(500133));
    }
    let app = &request.app;
    let audiences = jwt.audiences();
    let is_own = |audience: &&str| {
        let bare = audience.trim_end_matches('/');
        bare.eq_ignore_ascii_case(&app.id)
            || bare
                .strip_prefix("api://")
                .is_some_and(|id| id.eq_ignore_ascii_case(&app.id))
            || app
                .identifier_uris
                .iter()
                .any(|uri| uri.trim_end_matches('/') == bare)
    };
    if !audiences.iter().any(is_own) {
        return Err(Refusal::new(500131)
            .with("value", audiences.join("', '"))
            .with("app", app.id.as_str()));
    }
    // There is no user whom a service's own token could stand for.
    if jwt.text("scp").is_none() {
        return Err(Refusal::new(7000114).with("app", app.id.as_str()));
    }
    Ok(())
}

fn user(jwt: &Jwt<'_>) -> User {
    let upn = ["preferred_username", "upn", "unique_name", "oid", "sub"]
        .iter()
        .find_map(|name| jwt.text(name))
        .unwrap_or("nobody");
    let mut user = User::new(upn);
    if let Some(id) = jwt.text("oid") {
        user = user.with_object_id(id);
    }
    match jwt.text("name") {
        Some(name) => user.display_name(name),
        None => user,
    }
}
