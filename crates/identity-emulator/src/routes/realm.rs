//! Where an account signs in: here, or at its organization's server.

use serde_json::json;

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::world::World;

pub(super) const ROWS: &[Row] = &[Row::new(
    Route::UserRealm,
    "GET",
    "/common/userrealm/{user}",
    Port::Tls,
    serve,
)];

fn serve(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let name = call.capture("user").unwrap_or_default();
    let domain = name
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain)
        .to_ascii_lowercase();
    let common = |kind: &str| {
        json!({
            "ver": "1.0",
            "account_type": kind,
            "domain_name": domain,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        })
    };
    let authority = call.authority(world);
    let body = match world.directory.user(name) {
        Some((_, user)) if user.federated => {
            let mut body = common("Federated");
            for (member, value) in [
                ("federation_protocol", "WSTrust".to_owned()),
                (
                    "federation_metadata_url",
                    format!("{authority}/adfs/services/trust/mex"),
                ),
                (
                    "federation_active_auth_url",
                    format!("{authority}/adfs/services/trust/2005/usernamemixed"),
                ),
            ] {
                if let Some(members) = body.as_object_mut() {
                    members.insert(member.to_owned(), value.into());
                }
            }
            body
        }
        Some(_) => common("Managed"),
        None if world.directory.tenant(&domain).is_ok() => common("Managed"),
        None => json!({"ver": "1.0", "account_type": "Unknown"}),
    };
    Ok(Answer::json(200, body).entra_headers(world, call, None))
}
