//! `password`: an application knows a user's password.

use super::Grant;
use crate::answer::Answer;
use crate::model::{PasswordCheck, User};
use crate::refusal::Refusal;
use crate::sessions::Authorization;
use crate::token::TokenCall;
use crate::token::issue;

pub(super) struct Password;

impl Grant for Password {
    fn name(&self) -> &'static str {
        "password"
    }

    fn redeem(&self, request: &TokenCall<'_>) -> Result<Answer, Refusal> {
        let name = request.required("username")?;
        let password = request.required("password")?;
        let proof = request.authenticate_either()?;
        let user = user(request, name, password)?;
        issue::for_sign_in(request, authorization(request, user)?, proof)
    }
}

/// The user, if the password is right and all that is needed.
fn user(request: &TokenCall<'_>, name: &str, password: &str) -> Result<User, Refusal> {
    let directory = &request.world.directory;
    let Some((_, user)) = directory.user(name) else {
        return match directory.is_lenient() {
            true => Ok(User::new(name)),
            false => Err(Refusal::new(50034).with("tenant", request.tenant.name.as_str())),
        };
    };
    match user.check(password) {
        // The password of a federated account is its organization's.
        _ if user.federated => Err(Refusal::new(50126)),
        PasswordCheck::Wrong => Err(Refusal::new(50126)),
        PasswordCheck::Good => Ok(user),
    }
}

/// What a user who is known by now grants. One who needs more than a password has to be asked.
pub(super) fn authorization(request: &TokenCall<'_>, user: User) -> Result<Authorization, Refusal> {
    if user.mfa || !request.claims.acrs.is_empty() {
        return Err(Refusal::new(50076)
            .with("resource", request.call.form("scope").unwrap_or_default())
            .claims(request.call.form("claims").map(str::to_owned)));
    }
    let scopes = request.required("scope")?;
    Ok(Authorization {
        tenant: request.tenant.id.clone(),
        app: request.app.id.clone(),
        user,
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
        nonce: None,
        signed_in: request.world.clock.unix_seconds(),
        acrs: Vec::new(),
    })
}
