//! Service Fabric. It keeps tokens, and gives a kept one again until it is told that it was taken back.

use ring::digest::{SHA256, digest};
use serde_json::json;

use super::{Issued, Miss, entra_text, issue, members};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::{Kept, ManagedIdentity, Wish};
use crate::refusal::Refusal;
use crate::world::World;

pub(super) fn token(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let fail = |status, code, message: &str| Ok(error(world, call, status, code, message));
    match call.header("secret") {
        None => {
            return fail(
                400,
                "SecretHeaderNotFound",
                "Secret is not found in the request headers.",
            );
        }
        Some(secret) if secret != world.host.identity_header => {
            return fail(401, "SecretHeaderNotFound", "The secret is wrong.");
        }
        Some(_) => {}
    }
    if !matches!(
        call.query("api-version"),
        Some("2019-07-01-preview" | "2020-05-01")
    ) {
        return fail(
            400,
            "InvalidApiVersion",
            "The api-version is missing or not supported.",
        );
    }
    let Some(resource) = call.query("resource") else {
        return fail(
            400,
            "ArgumentNullOrEmpty",
            "The parameter resource is null or an empty text.",
        );
    };
    let Some(identity) = world.host.select(&Wish::Nothing) else {
        return fail(
            404,
            "ManagedIdentityNotFound",
            "A managed identity for this service was not found.",
        );
    };
    match kept_or_new(world, call, identity, resource) {
        Ok(issued) => {
            let mut body = members(&issued, resource);
            body.insert("expires_on".into(), issued.end.into());
            Ok(Answer::json(200, body.into()))
        }
        Err(Miss::Resource(refusal)) => fail(400, "InvalidResource", &entra_text(world, call, &refusal).1),
        Err(Miss::Key) => fail(500, "InternalError", "The token could not be had."),
    }
}

fn kept_or_new(
    world: &World,
    call: &Call,
    identity: &ManagedIdentity,
    resource: &str,
) -> Result<Issued, Miss> {
    let now = world.clock.unix_seconds();
    // Nobody could use a token in its last moments; a tenth of its life is left at least.
    let reserve = i64::try_from(world.host.token_lifetime.as_secs() / 10).unwrap_or(0);
    let is_good = |kept: &Kept| {
        let revoked = call.query("token_sha256_to_refresh");
        now + reserve < kept.end
            && revoked.is_none_or(|hash| !hash.eq_ignore_ascii_case(&sha256(&kept.token)))
    };
    if let Some(kept) = world
        .host_state
        .kept(&identity.client_id, resource)
        .filter(is_good)
    {
        return Ok(Issued {
            token: kept.token,
            now,
            end: kept.end,
        });
    }
    let issued = issue(world, identity, resource)?;
    let kept = Kept {
        token: issued.token.clone(),
        end: issued.end,
    };
    world.host_state.keep(&identity.client_id, resource, kept);
    Ok(issued)
}

fn sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn error(world: &World, call: &Call, status: u16, code: &str, message: &str) -> Answer {
    let correlation = call.correlation_id(world);
    Answer::json(
        status,
        json!({"error": {"correlationId": correlation, "code": code, "message": message}}),
    )
}
