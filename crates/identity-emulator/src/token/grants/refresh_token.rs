//! `refresh_token`: a new token for a user who signed in before.

use super::Grant;
use crate::answer::Answer;
use crate::refusal::Refusal;
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
                if authorization.app != request.app.id {
                    return Err(Refusal::new(70000).with("parameter", "refresh_token"));
                }
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
