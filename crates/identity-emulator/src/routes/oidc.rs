//! The id token endpoints of build systems: Azure Pipelines and GitHub Actions.

use serde_json::{Value, json};

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::{GITHUB_ISSUER, PIPELINES_ISSUER, TOKEN_EXCHANGE};
use crate::refusal::Refusal;
use crate::world::World;

/// Where the emulated organization's job asks for its id tokens.
pub(crate) const PIPELINES_PATH: &str =
    "/contoso/orders/_apis/distributedtask/hubs/build/plans/1/jobs/1/oidctoken";
/// Where the emulated workflow's job asks for its id tokens; the query is part of what the runner sets.
pub(crate) const GITHUB_PATH: &str = "/actions/1/idtoken/1?api-version=2.0";

/// The only version of Azure Pipelines' endpoint in use.
const PIPELINES_VERSION: &str = "7.1";
/// How long id tokens live, in seconds.
const PIPELINES_LIFETIME: i64 = 600;
const GITHUB_LIFETIME: i64 = 300;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Route::PipelinesOidc,
        "POST",
        "/{organization}/{project}/_apis/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken",
        Port::Tls,
        pipelines,
    ),
    Row::new(
        Route::GitHubOidc,
        "GET",
        "/actions/{run}/idtoken/{job}",
        Port::Tls,
        github,
    ),
];

fn pipelines(world: &World, call: &Call) -> Result<Answer, Refusal> {
    if !has_bearer(call, &world.ci.system_access_token) {
        // Without the header a browser is thought to be there, and is sent to sign in.
        let is_suppressed = call
            .header("x-tfs-fedauthredirect")
            .is_some_and(|value| value.eq_ignore_ascii_case("suppress"));
        return Ok(match is_suppressed {
            true => trouble(
                401,
                "TF400813: The user is not authorized to access this resource.",
            ),
            false => {
                Answer::empty(302).header("location", "https://spsprodweu1.vssps.visualstudio.com/_signin")
            }
        });
    }
    let is_json = call
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    if !is_json {
        return Ok(trouble(
            415,
            "The request needs the content type application/json.",
        ));
    }
    if call.query("api-version") != Some(PIPELINES_VERSION) {
        return Ok(trouble(
            400,
            "No api-version was supplied for the POST request, or one that is not 7.1.",
        ));
    }
    let Some(id) = call.query("serviceConnectionId") else {
        return Ok(trouble(400, "The parameter serviceConnectionId is missing."));
    };
    let known = world.ci.connections.iter().find(|(known, _)| known == id);
    let Some((_, subject)) = known else {
        return Ok(trouble(
            404,
            "There is no such service connection, or the pipeline may not use it.",
        ));
    };
    let claims = claims(
        world,
        PIPELINES_ISSUER,
        subject,
        TOKEN_EXCHANGE,
        PIPELINES_LIFETIME,
    );
    Ok(match world.signer.sign(&claims) {
        Some(token) => Answer::json(200, json!({"oidcToken": token})),
        None => Answer::empty(500),
    })
}

fn github(world: &World, call: &Call) -> Result<Answer, Refusal> {
    if !has_bearer(call, &world.ci.github_token) {
        return Ok(trouble(401, "The job's token is not valid."));
    }
    let repository = world.ci.repository();
    let owner = repository.split('/').next().unwrap_or(repository);
    let default = format!("https://github.com/{owner}");
    let audience = call.query("audience").unwrap_or(&default);
    let mut claims = claims(
        world,
        GITHUB_ISSUER,
        &world.ci.workflow_subject,
        audience,
        GITHUB_LIFETIME,
    );
    if let Some(members) = claims.as_object_mut() {
        members.insert("repository".to_owned(), repository.into());
        members.insert("repository_owner".to_owned(), owner.into());
        members.insert("event_name".to_owned(), "push".into());
        members.insert("runner_environment".to_owned(), "github-hosted".into());
    }
    Ok(match world.signer.sign(&claims) {
        Some(token) => Answer::json(200, json!({"count": token.len(), "value": token})),
        None => Answer::empty(500),
    })
}

fn claims(world: &World, issuer: &str, subject: &str, audience: &str, lifetime: i64) -> Value {
    let now = world.clock.unix_seconds();
    json!({
        "aud": audience,
        "iss": issuer,
        "sub": subject,
        "jti": world.ids.guid(),
        "iat": now,
        "nbf": now,
        "exp": now.saturating_add(lifetime),
    })
}

fn has_bearer(call: &Call, expected: &str) -> bool {
    let header = call.header("authorization").unwrap_or_default();
    header
        .split_once(' ')
        .is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && token == expected)
}

/// An error as Azure DevOps writes it; GitHub's has the same member `message`.
fn trouble(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        json!({"$id": "1", "innerException": null, "message": message, "errorCode": 0, "eventId": 3000}),
    )
}
