//! App Service: the interface of 2019-08-01 and that of 2017-09-01, which is Azure ML's too.

use serde_json::json;

use super::{Issued, Miss, echo, entra_text, issue, members, wish};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::{ExpiresOn, Wish};
use crate::refusal::Refusal;
use crate::world::World;

const NO_IDENTITY: &str = "No Managed Identity found for specified ClientId/ResourceId/PrincipalId.";
/// How this host names a resource id.
const RESOURCE_ID: &str = "mi_res_id";

pub(super) fn token(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let version = call.query("api-version");
    let (header, expected) = match version {
        Some("2019-08-01") => ("x-identity-header", &world.host.identity_header),
        Some("2017-09-01") => ("secret", &world.host.msi_secret),
        _ => return Ok(error(400, "The api-version is missing or not supported.")),
    };
    if call.header(header) != Some(expected.as_str()) {
        return Ok(error(401, "The identity header is missing or wrong."));
    }
    let Some(resource) = call.query("resource") else {
        return Ok(error(400, "The parameter resource is missing."));
    };
    let is_old = version == Some("2017-09-01");
    let wished = if is_old {
        Ok(call.query("clientid").map_or(Wish::Nothing, Wish::ClientId))
    } else {
        wish(call, RESOURCE_ID)
    };
    let Ok(wished) = wished else {
        return Ok(error(400, "More than one identity was asked for."));
    };
    let Some(identity) = world.host.select(&wished) else {
        return Ok(error(400, NO_IDENTITY));
    };
    Ok(match issue(world, identity, resource) {
        Ok(issued) => {
            let mut body = members(&issued, resource);
            if is_old {
                body.insert("expires_on".into(), end(world.host.expires_on, &issued).into());
            }
            echo(&mut body, identity, &wished, RESOURCE_ID);
            Answer::json(200, body.into())
        }
        Err(Miss::Resource(refusal)) => error(400, &entra_text(world, call, &refusal).1),
        Err(Miss::Key) => error(500, "The token could not be had."),
    })
}

fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({"statusCode": status, "message": message}))
}

/// The end of a token as the old interface writes it.
fn end(form: ExpiresOn, issued: &Issued) -> String {
    let format = match form {
        ExpiresOn::Seconds => return issued.end.to_string(),
        ExpiresOn::Date => "%m/%d/%Y %H:%M:%S +00:00",
        ExpiresOn::DateAmPm => "%-m/%-d/%Y %-I:%M:%S %p +00:00",
    };
    jiff::Timestamp::from_second(issued.end)
        .map_or_else(|_| issued.end.to_string(), |end| end.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::{ExpiresOn, Issued, end};

    #[test]
    fn ends_are_written_in_both_date_forms() {
        let issued = Issued {
            token: String::new(),
            now: 0,
            end: 1_767_359_045,
        };
        assert_eq!(end(ExpiresOn::Seconds, &issued), "1767359045");
        assert_eq!(end(ExpiresOn::Date, &issued), "01/02/2026 13:04:05 +00:00");
        assert_eq!(end(ExpiresOn::DateAmPm, &issued), "1/2/2026 1:04:05 PM +00:00");
    }
}
