//! OpenID configuration, in the forms of both versions.

use serde_json::{Value, json};

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::TenantMiss;
use crate::refusal::Refusal;
use crate::world::World;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Route::OpenIdConfiguration,
        "GET",
        "/{tenant}/v2.0/.well-known/openid-configuration",
        Port::Tls,
        version_two,
    ),
    // MSAL for Python asks so by default: its authority ends with a slash.
    Row::new(
        Route::OpenIdConfiguration,
        "GET",
        "/{tenant}//v2.0/.well-known/openid-configuration",
        Port::Tls,
        version_two,
    ),
    Row::new(
        Route::OpenIdConfigurationV1,
        "GET",
        "/{tenant}/.well-known/openid-configuration",
        Port::Tls,
        version_one,
    ),
];

/// The path segment and the tenant id that a document speaks of.
struct Subject {
    segment: String,
    issuer_tenant: String,
}

fn version_two(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let subject = subject(world, call)?;
    let base = format!("{}/{}", call.authority(world), subject.segment);
    let mut document = shared(&base, &subject);
    merge(
        &mut document,
        json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "issuer": world.issuer_v2(call, &subject.issuer_tenant),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
        }),
    );
    Ok(Answer::json(200, document).entra_headers(world, call, None))
}

fn version_one(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let subject = subject(world, call)?;
    let base = format!("{}/{}", call.authority(world), subject.segment);
    let mut document = shared(&base, &subject);
    merge(
        &mut document,
        json!({
            "token_endpoint": format!("{base}/oauth2/token"),
            "jwks_uri": format!("{base}/discovery/keys"),
            "issuer": World::issuer_v1(&subject.issuer_tenant),
            "authorization_endpoint": format!("{base}/oauth2/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/devicecode"),
            "end_session_endpoint": format!("{base}/oauth2/logout"),
            "microsoft_multi_refresh_token": true,
            "scopes_supported": ["openid"],
        }),
    );
    Ok(Answer::json(200, document).entra_headers(world, call, None))
}

fn subject(world: &World, call: &Call) -> Result<Subject, Refusal> {
    let named = call.tenant().unwrap_or_default();
    match world.directory.tenant(named) {
        Ok(tenant) => Ok(Subject {
            segment: tenant.id.clone(),
            issuer_tenant: tenant.id.clone(),
        }),
        // A literal placeholder: the tenant is known only once somebody has signed in.
        Err(TenantMiss::Unnamed) => Ok(Subject {
            segment: named.to_ascii_lowercase(),
            issuer_tenant: "{tenantid}".to_owned(),
        }),
        Err(TenantMiss::Malformed) => Err(Refusal::new(900023).with("tenant", named).error("invalid_tenant")),
        Err(TenantMiss::Unknown) => Err(Refusal::new(90002).with("tenant", named).error("invalid_tenant")),
    }
}

/// What both versions say alike.
fn shared(base: &str, subject: &Subject) -> Value {
    json!({
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
            "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username",
            "name", "tid", "ver", "at_hash", "c_hash", "email",
        ],
        "kerberos_endpoint": format!("{base}/kerberos"),
        "tenant_region_scope": if subject.issuer_tenant == subject.segment { json!("EU") } else { Value::Null },
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    })
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}
