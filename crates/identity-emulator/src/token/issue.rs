//! Access tokens with Entra's claims, and the answers that carry them.

mod user;

use serde_json::{Map, Value, json};

use super::TokenCall;
use super::client_auth::Proof;
use crate::answer::Answer;
use crate::model::{Audience, TokenVersion};
use crate::refusal::Refusal;
use crate::routes::Route;
use crate::world::World;

pub(super) use user::{Extras, for_sign_in, for_user};
pub(crate) use user::{Subject, user_claims};

/// Entra dates tokens back, so that an API whose clock is behind takes them at once.
const BACKDATED: i64 = 300;
/// From this lifetime on, answers say when to refresh, in seconds.
const REFRESH_HINT_FROM: u64 = 7200;

/// Issues an app-only token.
pub(super) fn for_application(
    request: &TokenCall<'_>,
    audience: &Audience,
    proof: Proof,
) -> Result<Answer, Refusal> {
    let (world, app, tenant) = (request.world, &request.app, &request.tenant);
    let lifetime = app.token_lifetime.unwrap_or(tenant.token_lifetime).as_secs();
    let now = world.clock.unix_seconds();
    let object_id = tenant.object_id(&app.id);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("aud", json!(audience.aud));
    put("iat", json!(now.saturating_sub(BACKDATED)));
    put("nbf", json!(now.saturating_sub(BACKDATED)));
    put(
        "exp",
        json!(now.saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX))),
    );
    put("aio", json!(world.ids.token()));
    put("idtyp", json!("app"));
    put("oid", json!(object_id));
    put("sub", json!(object_id));
    put("rh", json!(format!("1.{}", world.ids.token())));
    put("tid", json!(tenant.id));
    put("uti", json!(world.ids.token()));
    if !app.roles.is_empty() {
        put("roles", json!(app.roles));
    }
    match audience.version {
        TokenVersion::V1 => {
            let issuer = World::issuer_v1(&tenant.id);
            put("idp", json!(issuer));
            put("iss", json!(issuer));
            put("appid", json!(app.id));
            put("appidacr", json!(proof.acr()));
            put("app_displayname", json!(app.name));
            put("ver", json!("1.0"));
        }
        TokenVersion::V2 => {
            put("iss", json!(world.issuer_v2(request.call, &tenant.id)));
            put("azp", json!(app.id));
            put("azpacr", json!(proof.acr()));
            put("ver", json!("2.0"));
        }
    }
    if !request.claims.capabilities.is_empty() {
        put("xms_cc", json!(request.claims.capabilities));
    }
    let token = world
        .signer
        .sign(&Value::Object(claims))
        .ok_or_else(|| Refusal::new(90033))?;
    Ok(answer(request, lifetime, now, token, Map::new()))
}

/// The endpoint's version shapes the answer: version 1 writes numbers as strings and names the resource. `extras` are further
/// members.
fn answer(
    request: &TokenCall<'_>,
    lifetime: u64,
    now: i64,
    token: String,
    extras: Map<String, Value>,
) -> Answer {
    let mut body = Map::new();
    body.insert("token_type".into(), "Bearer".into());
    let numbers = [("expires_in", lifetime), ("ext_expires_in", lifetime)];
    let refresh = (lifetime >= REFRESH_HINT_FROM).then_some(("refresh_in", lifetime / 2));
    let version_one = request.call.route == Route::TokenV1;
    for (name, seconds) in numbers.into_iter().chain(refresh) {
        let value = if version_one {
            json!(seconds.to_string())
        } else {
            json!(seconds)
        };
        body.insert(name.into(), value);
    }
    if version_one {
        let end = now.saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX));
        body.insert("expires_on".into(), end.to_string().into());
        body.insert(
            "not_before".into(),
            now.saturating_sub(BACKDATED).to_string().into(),
        );
        body.insert("resource".into(), request.call.form("resource").into());
    }
    body.insert("access_token".into(), token.into());
    body.extend(extras);
    let answer = Answer::json(200, Value::Object(body)).entra_headers(request.world, request.call, None);
    if request.call.header("x-client-current-telemetry").is_some() {
        return answer.header("x-ms-clitelem", "1,0,0,,");
    }
    answer
}
