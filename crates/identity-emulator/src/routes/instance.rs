//! Instance discovery: which hosts are one cloud.

use serde_json::{Value, json};

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::{Call, without_port};
use crate::refusal::Refusal;
use crate::world::World;

pub(super) const ROWS: &[Row] = &[Row::new(
    Route::InstanceDiscovery,
    "GET",
    "/common/discovery/instance",
    Port::Tls,
    discover,
)];

/// The clouds: preferred network host, preferred cache host, aliases.
const CLOUDS: &[(&str, &str, &[&str])] = &[
    (
        "login.microsoftonline.com",
        "login.windows.net",
        &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
    ),
    (
        "login.partner.microsoftonline.cn",
        "login.partner.microsoftonline.cn",
        &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    ),
    (
        "login.microsoftonline.de",
        "login.microsoftonline.de",
        &["login.microsoftonline.de"],
    ),
    (
        "login.microsoftonline.us",
        "login.microsoftonline.us",
        &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    ),
    (
        "login-us.microsoftonline.com",
        "login-us.microsoftonline.com",
        &["login-us.microsoftonline.com"],
    ),
    (
        "login.sovcloud-identity.fr",
        "login.sovcloud-identity.fr",
        &["login.sovcloud-identity.fr"],
    ),
    (
        "login.sovcloud-identity.de",
        "login.sovcloud-identity.de",
        &["login.sovcloud-identity.de"],
    ),
    (
        "login.sovcloud-identity.sg",
        "login.sovcloud-identity.sg",
        &["login.sovcloud-identity.sg"],
    ),
];

fn discover(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let endpoint = call.query("authorization_endpoint").ok_or_else(|| {
        Refusal::new(900144)
            .with("parameter", "authorization_endpoint")
            .error("invalid_request")
    })?;
    let (host, tenant) = parse(endpoint).ok_or_else(|| Refusal::new(50049))?;
    let bare = without_port(&host);
    let known = CLOUDS.iter().any(|(_, _, aliases)| aliases.contains(&bare)) || world.is_own_name(bare);
    if !known {
        return Err(Refusal::new(50049));
    }
    let version = call.query("api-version").unwrap_or("1.0");
    let mut document = json!({
        "tenant_discovery_endpoint": format!("https://{host}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": version,
    });
    if version != "1.0"
        && let Some(fields) = document.as_object_mut()
    {
        fields.insert("metadata".to_owned(), metadata(world));
    }
    Ok(Answer::json(200, document).entra_headers(world, call, None))
}

fn metadata(world: &World) -> Value {
    let mut clouds: Vec<Value> = CLOUDS
        .iter()
        .map(|(network, cache, aliases)| {
            json!({"preferred_network": network, "preferred_cache": cache, "aliases": aliases})
        })
        .collect();
    // The emulator's own hosts are one more cloud, with and without the port, since clients differ in which they keep.
    let port = world.tls_port();
    let own = world.names().iter().map(|name| {
        if name.contains(':') {
            format!("[{name}]")
        } else {
            name.clone()
        }
    });
    let aliases: Vec<String> = own.flat_map(|name| [format!("{name}:{port}"), name]).collect();
    clouds.push(json!({
        "preferred_network": format!("localhost:{port}"),
        "preferred_cache": format!("localhost:{port}"),
        "aliases": aliases,
    }));
    Value::Array(clouds)
}

/// Host with port, and tenant, of an `https://host/tenant/…` URL.
fn parse(endpoint: &str) -> Option<(String, String)> {
    let (host, path) = endpoint.strip_prefix("https://")?.split_once('/')?;
    let tenant = path.split('/').next().filter(|tenant| !tenant.is_empty())?;
    let sane = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
    };
    (!host.is_empty() && sane(host) && sane(tenant)).then(|| (host.to_ascii_lowercase(), tenant.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn endpoints_are_taken_apart() {
        let (host, tenant) = parse("https://LOCALHOST:8443/common/oauth2/v2.0/authorize").unwrap();
        assert_eq!((host.as_str(), tenant.as_str()), ("localhost:8443", "common"));
        for bad in ["http://a/b", "https://a", "https:///b", "https://a\"/b/c", ""] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
