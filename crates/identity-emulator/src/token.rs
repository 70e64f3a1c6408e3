//! The token endpoint: who asks, with which grant, for which API.

mod assertion;
mod audience;
mod client_auth;
mod delegated;
mod grants;
mod issue;
mod requested;

use std::sync::Arc;

use crate::answer::Answer;
use crate::call::Call;
use crate::model::{App, Directory, Tenant, TenantMiss};
use crate::refusal::Refusal;
use crate::world::World;

pub(crate) use client_auth::Proof;
pub(crate) use issue::{Subject, user_claims};
pub(crate) use requested::RequestedClaims;

/// A token request whose tenant, grant and application are known.
pub(crate) struct TokenCall<'a> {
    pub(crate) world: &'a World,
    pub(crate) call: &'a Call,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) app: App,
    pub(crate) claims: RequestedClaims,
}

impl TokenCall<'_> {
    /// A form field that has to be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.call.form(name).ok_or_else(|| Refusal::missing(name))
    }

    /// Checks the client's credential.
    pub(crate) fn authenticate(&self) -> Result<Proof, Refusal> {
        client_auth::authenticate(self)
    }

    /// The same for a grant that public clients may use as well.
    pub(crate) fn authenticate_either(&self) -> Result<Proof, Refusal> {
        client_auth::authenticate_either(self)
    }
}

/// Serves a token request. The checks stand in Entra's order: tenant, form, grant, application, then the grant's own.
pub(crate) fn redeem(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let named = call.tenant().unwrap_or_default();
    // Users belong to a tenant, so theirs need not be named; an application's own tokens are of the tenant that is.
    let find = match call.form("grant_type") {
        None | Some("client_credentials") => Directory::tenant,
        Some(_) => Directory::user_tenant,
    };
    let tenant = find(&world.directory, named).map_err(|miss| match miss {
        TenantMiss::Malformed => Refusal::new(900023).with("tenant", named),
        TenantMiss::Unnamed => Refusal::new(50059),
        TenantMiss::Unknown => Refusal::new(90002).with("tenant", named),
    })?;
    check_form(call)?;
    let grant = call
        .form("grant_type")
        .ok_or_else(|| Refusal::missing("grant_type"))?;
    let client_id = call
        .form("client_id")
        .or_else(|| call.basic().map(|(user, _)| user))
        .ok_or_else(|| Refusal::missing("client_id"))?
        .to_owned();
    let grant = grants::find(grant).ok_or_else(|| Refusal::new(70003).with("value", grant))?;
    let mut app = world.directory.app(&tenant, &client_id).ok_or_else(|| {
        Refusal::new(700016)
            .with("app", client_id.as_str())
            .with("tenant", tenant.name.as_str())
    })?;
    if app.disabled {
        return Err(Refusal::new(7000112).with("app", format!("{}({})", app.id, app.name)));
    }
    world.registry.apply(&mut app);
    let claims = RequestedClaims::parse(call.form("claims"))?;
    grant.redeem(&TokenCall {
        world,
        call,
        tenant,
        app,
        claims,
    })
}

/// A form may name nothing twice, and a secret belongs in the body.
fn check_form(call: &Call) -> Result<(), Refusal> {
    let forms = call.forms();
    for (at, (name, _)) in forms.iter().enumerate() {
        if forms.iter().take(at).any(|(earlier, _)| earlier == name) {
            return Err(Refusal::new(9000411).with("parameter", name.as_str()));
        }
    }
    // A URL ends up in logs; whoever writes a secret there has to notice.
    let secret = [
        "client_secret",
        "client_assertion",
        "assertion",
        "refresh_token",
        "password",
        "code",
        "device_code",
    ];
    if let Some((name, _)) = call
        .queries()
        .iter()
        .find(|(name, _)| secret.contains(&name.as_str()))
    {
        return Err(Refusal::new(165900).with("parameter", name.as_str()));
    }
    Ok(())
}
