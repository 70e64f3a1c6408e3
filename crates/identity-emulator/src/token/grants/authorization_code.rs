//! `authorization_code`: an application trades the code of a user's sign-in.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::Grant;
use crate::answer::Answer;
use crate::refusal::Refusal;
use crate::sessions::Code;
use crate::token::TokenCall;
use crate::token::delegated::Wanted;
use crate::token::issue::{self, Extras};

pub(super) struct AuthorizationCode;

impl Grant for AuthorizationCode {
    fn name(&self) -> &'static str {
        "authorization_code"
    }

    fn redeem(&self, request: &TokenCall<'_>) -> Result<Answer, Refusal> {
        let code = request.required("code")?;
        let redirect_uri = request.required("redirect_uri")?;
        let proof = request.authenticate_either()?;
        let world = request.world;
        let now = world.clock.unix_seconds();
        let mut wanted = None;
        let authorization = world.sessions.redeem(code, now, |code| {
            check_binding(request, code, redirect_uri)?;
            check_verifier(request, code)?;
            // A scope that is not valid must not use the code up.
            wanted = Some(Wanted::read(request, &code.authorization.scopes)?);
            Ok(())
        })?;
        let mut wanted = wanted.ok_or_else(|| Refusal::missing("scope"))?;
        let granted = |scope: &str| authorization.scopes.iter().any(|granted| granted == scope);
        wanted.refresh_token |= granted("offline_access");
        wanted.id_token |= granted("openid");
        let refresh_token = wanted.refresh_token.then(|| {
            world
                .sessions
                .refresh_token(&world.ids, now, authorization.clone())
        });
        issue::for_user(request, &wanted, &authorization, proof, Extras { refresh_token })
    }
}

/// The code was issued to this application, in this tenant, for this redirect.
fn check_binding(request: &TokenCall<'_>, code: &Code, redirect_uri: &str) -> Result<(), Refusal> {
    let authorization = &code.authorization;
    if authorization.app != request.app.id {
        return Err(Refusal::new(70000).with("parameter", "code"));
    }
    if authorization.tenant != request.tenant.id {
        return Err(Refusal::new(700005));
    }
    if code.redirect_uri != redirect_uri {
        return Err(Refusal::new(500112)
            .with("value", redirect_uri)
            .with("reason", code.redirect_uri.as_str()));
    }
    Ok(())
}

/// PKCE with S256, RFC 7636.
fn check_verifier(request: &TokenCall<'_>, code: &Code) -> Result<(), Refusal> {
    match (&code.challenge, request.call.form("code_verifier")) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(Refusal::new(50148)),
        (None, Some(_)) => Err(Refusal::new(501481)),
        (Some(challenge), Some(verifier)) => {
            let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            match *challenge == hash {
                true => Ok(()),
                false => Err(Refusal::new(501481)),
            }
        }
    }
}
