//! The endpoints of an Azure host for managed identities: what they have in common.

mod app_service;
mod azure_arc;
mod cloud_shell;
mod imds;
mod service_fabric;

use serde_json::{Map, Value, json};

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::{ManagedIdentity, Wish};
use crate::refusal::Refusal;
use crate::world::World;

/// Service Fabric is told from App Service by its port: it alone speaks TLS.
pub(super) const ROWS: &[Row] = &[
    Row::new(
        Route::Imds,
        "GET",
        "/metadata/identity/oauth2/token",
        Port::Plain,
        imds::token,
    ),
    Row::new(
        Route::AzureArc,
        "GET",
        "/metadata/identity/oauth2/token/arc",
        Port::Plain,
        azure_arc::token,
    ),
    Row::new(
        Route::AppService,
        "GET",
        "/msi/token",
        Port::Plain,
        app_service::token,
    ),
    Row::new(
        Route::CloudShell,
        "POST",
        "/msi/token",
        Port::Plain,
        cloud_shell::token,
    ),
    Row::new(
        Route::ServiceFabric,
        "GET",
        "/msi/token",
        Port::Tls,
        service_fabric::token,
    ),
];

/// Tokens are dated back, as Entra's are.
const BACKDATED: i64 = 300;

/// A token and its times.
struct Issued {
    token: String,
    now: i64,
    end: i64,
}

/// Why there is no token.
enum Miss {
    /// No such API in the tenant.
    Resource(Refusal),
    /// The key could not sign.
    Key,
}

/// Signs a token of `identity` for `resource`.
fn issue(world: &World, identity: &ManagedIdentity, resource: &str) -> Result<Issued, Miss> {
    let tenants = world.directory.tenants();
    let tenant = tenants.first().ok_or(Miss::Key)?;
    let audience = world.directory.audience(tenant, resource).ok_or_else(|| {
        Miss::Resource(
            Refusal::new(500011)
                .with("resource", resource)
                .with("tenant", tenant.name.as_str()),
        )
    })?;
    let now = world.clock.unix_seconds();
    let lifetime = i64::try_from(world.host.token_lifetime.as_secs()).unwrap_or(i64::MAX);
    let end = now.saturating_add(lifetime);
    let issuer = World::issuer_v1(&tenant.id);
    let claims = json!({
        "aud": audience.aud,
        "iss": issuer,
        "idp": issuer,
        "iat": now.saturating_sub(BACKDATED),
        "nbf": now.saturating_sub(BACKDATED),
        "exp": end,
        "aio": world.ids.token(),
        "appid": identity.client_id,
        "appidacr": "2",
        "idtyp": "app",
        "oid": identity.object_id,
        "sub": identity.object_id,
        "tid": tenant.id,
        "uti": world.ids.token(),
        "ver": "1.0",
        "xms_mirid": identity.resource_id.to_ascii_lowercase(),
    });
    let token = world.signer.sign(&claims).ok_or(Miss::Key)?;
    Ok(Issued { token, now, end })
}

/// The members that all hosts answer; numbers are texts here, as with all of them.
fn members(issued: &Issued, resource: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("access_token".into(), issued.token.as_str().into());
    body.insert("expires_on".into(), issued.end.to_string().into());
    body.insert(
        "not_before".into(),
        issued.now.saturating_sub(BACKDATED).to_string().into(),
    );
    body.insert("resource".into(), resource.into());
    body.insert("token_type".into(), "Bearer".into());
    body
}

/// Says whose token it is: by its client id, and by what it was asked by.
fn echo(body: &mut Map<String, Value>, identity: &ManagedIdentity, wish: &Wish<'_>, resource_id: &str) {
    body.insert("client_id".into(), identity.client_id.as_str().into());
    match wish {
        Wish::ObjectId(_) => drop(body.insert("object_id".into(), identity.object_id.as_str().into())),
        Wish::ResourceId(_) => drop(body.insert(resource_id.into(), identity.resource_id.as_str().into())),
        Wish::Nothing | Wish::ClientId(_) => {}
    }
}

/// What the query asks for; `Err` when it asks for more than one identity.
fn wish<'a>(call: &'a Call, resource_id: &str) -> Result<Wish<'a>, ()> {
    let wishes = [
        call.query("client_id").map(Wish::ClientId),
        call.query("object_id").map(Wish::ObjectId),
        call.query(resource_id).map(Wish::ResourceId),
    ];
    let mut wishes = wishes.into_iter().flatten();
    match (wishes.next(), wishes.next()) {
        (None, _) => Ok(Wish::Nothing),
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Whether the request has the header that no browser can be made to send.
fn is_metadata_request(call: &Call) -> bool {
    call.header("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// An error document of the form that OAuth has.
fn oauth(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, json!({"error": error, "error_description": description}))
}

/// The text that Entra would have given, for hosts that pass it on.
fn entra_text(world: &World, call: &Call, refusal: &Refusal) -> (String, String) {
    let answer = refusal.answer(world, call);
    let member = |name: &str| {
        answer
            .member(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (member("error"), member("error_description"))
}
