//! Cloud Shell: the signed-in person's token, asked for by a form. It ignores every wish for an identity.

use serde_json::json;

use super::{Miss, entra_text, is_metadata_request, issue, members};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::Wish;
use crate::refusal::Refusal;
use crate::world::World;

pub(super) fn token(world: &World, call: &Call) -> Result<Answer, Refusal> {
    if !is_metadata_request(call) {
        return Ok(error(
            400,
            "MissingMetadataHeader",
            "The header Metadata is missing.",
        ));
    }
    let Some(resource) = call.form("resource") else {
        return Ok(error(
            400,
            "MissingResource",
            "The parameter resource is missing.",
        ));
    };
    let Some(identity) = world.host.select(&Wish::Nothing) else {
        return Ok(error(401, "NotSignedIn", "Nobody is signed in."));
    };
    Ok(match issue(world, identity, resource) {
        Ok(issued) => {
            let mut body = members(&issued, resource);
            body.insert(
                "expires_in".into(),
                issued.end.saturating_sub(issued.now).to_string().into(),
            );
            body.insert("scope".into(), "user_impersonation".into());
            Answer::json(200, body.into())
        }
        Err(Miss::Resource(refusal)) => {
            error(400, "AudienceNotSupported", &entra_text(world, call, &refusal).1)
        }
        Err(Miss::Key) => error(500, "Internal", "The token could not be had."),
    })
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({"error": {"code": code, "message": message}}))
}
