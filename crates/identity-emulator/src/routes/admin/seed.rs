//! Registering and minting over HTTP.

use serde::Deserialize;
use serde_json::json;

use super::{Served, ok, parse};
use crate::answer::Answer;
use crate::call::Call;
use crate::emulator::seed;
use crate::mint::{CodeWish, UserTokenWish};
use crate::model::FederatedCredential;
use crate::world::World;

/// A certificate for an application; the first one when no client id is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateWish {
    client_id: Option<String>,
    pem: String,
}

/// A federated credential for an application.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FederatedWish {
    client_id: Option<String>,
    issuer: String,
    subject: String,
    #[serde(default)]
    audiences: Vec<String>,
    /// A public key or a certificate; the emulator's own key by default.
    pem: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeWish {
    user: String,
}

pub(super) fn certificate(world: &World, call: &Call) -> Served {
    let wish: CertificateWish = parse(call)?;
    let thumbprint = seed::register_certificate(world, wish.client_id.as_deref(), wish.pem.as_bytes())?;
    ok(json!({"thumbprint": thumbprint}))
}

pub(super) fn remove_certificate(world: &World, call: &Call) -> Served {
    let (client_id, thumbprint) = (call.capture("client_id"), call.capture("thumbprint"));
    world
        .registry
        .remove_certificate(client_id.unwrap_or_default(), thumbprint.unwrap_or_default());
    Ok(Answer::empty(204))
}

pub(super) fn federated(world: &World, call: &Call) -> Served {
    let wish: FederatedWish = parse(call)?;
    let mut credential = FederatedCredential::new(wish.issuer, wish.subject);
    for audience in wish.audiences {
        credential = credential.audience(audience);
    }
    if let Some(pem) = wish.pem {
        credential = credential.signed_by(pem);
    }
    seed::register_federated(world, wish.client_id.as_deref(), credential)?;
    Ok(Answer::empty(204))
}

pub(super) fn code(world: &World, call: &Call) -> Served {
    let wish: CodeWish = parse(call)?;
    ok(json!({"code": wish.request().mint(world)?}))
}

pub(super) fn user_token(world: &World, call: &Call) -> Served {
    let wish: UserTokenWish = parse(call)?;
    ok(json!({"token": wish.request().mint(world)?}))
}

pub(super) fn revoke(world: &World, call: &Call) -> Served {
    let wish: RevokeWish = parse(call)?;
    world.sessions.revoke(&wish.user);
    Ok(Answer::empty(204))
}

pub(super) fn environments(world: &World, _: &Call) -> Served {
    ok(seed::environments(world))
}
