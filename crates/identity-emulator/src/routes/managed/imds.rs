//! The instance metadata service.

use super::{Issued, Miss, echo, entra_text, is_metadata_request, issue, members, oauth, wish};
use crate::answer::Answer;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::world::World;

const VERSIONS: &[&str] = &["2018-02-01", "2019-08-01", "2021-02-01"];
/// How IMDS and Azure Arc name a resource id.
pub(super) const RESOURCE_ID: &str = "msi_res_id";

pub(super) fn token(world: &World, call: &Call) -> Result<Answer, Refusal> {
    if !is_metadata_request(call) {
        return Ok(oauth(
            400,
            "invalid_request",
            "Required metadata header not specified",
        ));
    }
    if call.header("x-forwarded-for").is_some() {
        return Ok(oauth(
            400,
            "invalid_request",
            "Requests that were forwarded are not served",
        ));
    }
    Ok(serve(world, call))
}

/// What IMDS and the agent of Azure Arc have in common, once the request is let in.
pub(super) fn serve(world: &World, call: &Call) -> Answer {
    match call.query("api-version") {
        None => {
            return oauth(
                400,
                "bad_request_102",
                "Required parameter \"api-version\" not specified",
            );
        }
        Some(version) if !VERSIONS.contains(&version) && version != "2020-06-01" => {
            return oauth(400, "bad_request_103", "The api-version is not supported");
        }
        Some(_) => {}
    }
    let Some(resource) = call.query("resource") else {
        return oauth(
            400,
            "invalid_request",
            "Required audience parameter not specified",
        );
    };
    let Ok(wish) = wish(call, RESOURCE_ID) else {
        return oauth(400, "invalid_request", "More than one identity was asked for");
    };
    let Some(identity) = world.host.select(&wish) else {
        return oauth(400, "invalid_request", "Identity not found");
    };
    match issue(world, identity, resource) {
        Ok(issued) => {
            let mut body = members(&issued, resource);
            body.insert("expires_in".into(), seconds(&issued).into());
            body.insert("ext_expires_in".into(), seconds(&issued).into());
            echo(&mut body, identity, &wish, RESOURCE_ID);
            Answer::json(200, body.into())
        }
        Err(Miss::Resource(refusal)) => {
            let (error, text) = entra_text(world, call, &refusal);
            oauth(400, &error, &text)
        }
        Err(Miss::Key) => oauth(
            500,
            "unknown",
            "Failed to retrieve token from the Active directory",
        ),
    }
}

/// How long the token is valid.
fn seconds(issued: &Issued) -> String {
    issued.end.saturating_sub(issued.now).to_string()
}
