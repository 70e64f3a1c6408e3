//! Assertions that somebody else signed: a cluster, a build system, a managed identity.

use super::super::TokenCall;
use crate::jwt::Jwt;
use crate::model::{FederatedCredential, FederatedMiss};
use crate::refusal::Refusal;

pub(super) fn check(request: &TokenCall<'_>, jwt: &Jwt<'_>, issuer: &str) -> Result<(), Refusal> {
    let (subject, audiences) = (jwt.text("sub").unwrap_or_default(), jwt.audiences());
    let is_entra = |text: &str| is_tenants_issuer(request, text);
    let mut miss = FederatedMiss::Issuer;
    let mut matching: Vec<&FederatedCredential> = Vec::new();
    for credential in &request.app.federated {
        match credential.matches(issuer, subject, &audiences, is_entra) {
            Ok(()) => matching.push(credential),
            // The nearest miss is the one that helps.
            Err(found) => miss = miss.max(found),
        }
    }
    if matching.is_empty() {
        return Err(match miss {
            FederatedMiss::Issuer => Refusal::new(700211).with("value", issuer),
            FederatedMiss::Subject => Refusal::new(700213).with("value", subject),
            FederatedMiss::Audience => Refusal::new(700212).with("value", audiences.join("', '")),
        });
    }
    let own = request.world.signer.public_key();
    let is_signed = matching
        .iter()
        .any(|credential| jwt.verifies(credential.key.as_deref().unwrap_or(own)));
    if !is_signed {
        let key = jwt
            .header("kid")
            .or_else(|| jwt.header("x5t"))
            .unwrap_or_default();
        return Err(Refusal::new(7000272).with("reason", key).with("value", issuer));
    }
    // A user's token would let whoever got hold of it act as the application.
    if jwt.claims.contains_key("scp") {
        return Err(Refusal::new(700229));
    }
    super::check_times(request, jwt)
}

/// Whether this is how tokens of the emulator's tenants name their issuer, in either version.
fn is_tenants_issuer(request: &TokenCall<'_>, issuer: &str) -> bool {
    let world = request.world;
    world.directory.tenants().iter().any(|tenant| {
        issuer == crate::world::World::issuer_v1(&tenant.id)
            || issuer == world.issuer_v2(request.call, &tenant.id)
            || issuer == format!("{}/{}/v2.0", world.authority(), tenant.id)
            || issuer == format!("https://login.microsoftonline.com/{}/v2.0", tenant.id)
    })
}
