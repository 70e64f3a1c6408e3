//! The public halves of the signing keys.

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::TenantMiss;
use crate::refusal::Refusal;
use crate::world::World;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Route::Keys,
        "GET",
        "/{tenant}/discovery/v2.0/keys",
        Port::Tls,
        version_two,
    ),
    Row::new(
        Route::KeysV1,
        "GET",
        "/{tenant}/discovery/keys",
        Port::Tls,
        version_one,
    ),
];

fn version_two(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let tenant = tenant(world, call)?;
    let issuer = world.issuer_v2(call, &tenant);
    Ok(Answer::json(200, world.signer.jwks(Some(&issuer))).entra_headers(world, call, None))
}

fn version_one(world: &World, call: &Call) -> Result<Answer, Refusal> {
    tenant(world, call)?;
    Ok(Answer::json(200, world.signer.jwks(None)).entra_headers(world, call, None))
}

fn tenant(world: &World, call: &Call) -> Result<String, Refusal> {
    let named = call.tenant().unwrap_or_default();
    match world.directory.tenant(named) {
        Ok(tenant) => Ok(tenant.id.clone()),
        Err(TenantMiss::Unnamed) => Ok("{tenantid}".to_owned()),
        Err(TenantMiss::Malformed) => Err(Refusal::new(900023).with("tenant", named).error("invalid_tenant")),
        Err(TenantMiss::Unknown) => Err(Refusal::new(90002).with("tenant", named).error("invalid_tenant")),
    }
}
