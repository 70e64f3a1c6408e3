//! `refresh_token`: a new token for a user who signed in before.

use super::Grant;
use crate::answer::Answer;
use crate::refusal::Refusal;
use crate::sessions::Authorization;
use crate::token::TokenCall;
use crate::token::delegated::Wanted;
use crate::token::issue::{self, Extras};

pub(super) struct RefreshToken;

impl Grant for RefreshToken {
    fn name(&self) -> &'static str {
        "refresh_token"
    }

    fn redeem(&self, request: &TokenCall<'_>) -> Result<Answer, Refusal> {
        let token = request.required("refresh_token")?;
        let proof = request.authenticate_either()?;
        let world = request.world;
        let mut wanted = None;
        let (authorization, next) = world.sessions.refresh(
            &world.ids,
            token,
            world.clock.unix_seconds(),
            request.app.reusable_refresh_tokens,
            |authorization| {
                check_client(request, authorization)?;
                check_contexts(request, authorization)?;
                // A scope that is not valid must not use the token up.
                wanted = Some(Wanted::read(request, &authorization.scopes)?);
                Ok(())
            },
        )?;
        let mut wanted = wanted.ok_or_else(|| Refusal::missing("scope"))?;
        wanted.id_token |= authorization.scopes.iter().any(|scope| scope == "openid");
        let refresh_token = Some(next);
        issue::for_user(request, &wanted, &authorization, proof, Extras { refresh_token })
    }
}

/// A refresh token is its application's own, or its family's.
fn check_client(request: &TokenCall<'_>, authorization: &Authorization) -> Result<(), Refusal> {
    if authorization.app == request.app.id {
        return Ok(());
    }
    let directory = &request.world.directory;
    let is_of_family = |id: &str| directory.app(&request.tenant, id).is_some_and(|app| app.family);
    match (is_of_family(&authorization.app), request.app.family) {
        (true, true) => Ok(()),
        (true, false) => Err(Refusal::new(70000)
            .with("parameter", "refresh_token")
            .suberror(Some("client_mismatch".to_owned()))),
        (false, _) => Err(Refusal::new(70000).with("parameter", "refresh_token")),
    }
}

/// What the request has to bring, the sign-in must have brought.
fn check_contexts(request: &TokenCall<'_>, authorization: &Authorization) -> Result<(), Refusal> {
    let has = |wanted: &String| authorization.acrs.contains(wanted);
    match request.claims.acrs.iter().all(has) {
        true => Ok(()),
        false => Err(Refusal::new(50076)
            .with("resource", request.call.form("scope").unwrap_or_default())
            .claims(request.call.form("claims").map(str::to_owned))),
    }
}
