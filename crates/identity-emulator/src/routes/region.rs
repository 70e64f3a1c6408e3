//! The part of the instance metadata service that says where a virtual machine is.

use serde_json::json;

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::world::World;

pub(super) const ROWS: &[Row] = &[Row::new(
    Route::InstanceMetadata,
    "GET",
    "/metadata/instance/compute",
    Port::Plain,
    compute,
)];

fn compute(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let refused = |what: &str| Ok(Answer::json(400, json!({"error": what})));
    if !call
        .header("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return refused("Bad request. Required metadata header not specified");
    }
    if call.query("api-version").is_none() {
        return refused("Bad request. api-version is invalid or was not specified in the request.");
    }
    Ok(match &world.region {
        Some(region) => Answer::json(
            200,
            json!({"location": region, "name": "emulator", "osType": "Linux"}),
        ),
        None => Answer::json(404, json!({"error": "Not found"})),
    })
}
