//! Discovery: OpenID configuration, instances, key sets.

use crate::support::{builder, call, emulator, get};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use identity_emulator::DEFAULT_TENANT_ID;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};

#[test]
fn version_two_configuration_points_at_the_host_that_was_asked() {
    let emulator = emulator();
    let document = get(&emulator, "/contoso.test/v2.0/.well-known/openid-configuration").json();
    let base = format!("https://localhost/{DEFAULT_TENANT_ID}");
    for (name, value) in [
        ("issuer", format!("{base}/v2.0")),
        ("token_endpoint", format!("{base}/oauth2/v2.0/token")),
        ("authorization_endpoint", format!("{base}/oauth2/v2.0/authorize")),
        (
            "device_authorization_endpoint",
            format!("{base}/oauth2/v2.0/devicecode"),
        ),
        ("jwks_uri", format!("{base}/discovery/v2.0/keys")),
        ("tenant_region_scope", "EU".to_owned()),
    ] {
        assert_eq!(document[name], value, "{name}");
    }
}

#[test]
fn version_one_configuration_has_the_old_issuer() {
    let emulator = emulator();
    let document = get(
        &emulator,
        &format!("/{DEFAULT_TENANT_ID}/.well-known/openid-configuration"),
    )
    .json();
    assert_eq!(
        document["issuer"],
        format!("https://sts.windows.net/{DEFAULT_TENANT_ID}/")
    );
    assert_eq!(
        document["token_endpoint"],
        format!("https://localhost/{DEFAULT_TENANT_ID}/oauth2/token")
    );
}

#[test]
fn the_shared_tenants_have_a_placeholder_issuer() {
    let emulator = emulator();
    let document = get(&emulator, "/common/v2.0/.well-known/openid-configuration").json();
    assert_eq!(document["issuer"], "https://localhost/{tenantid}/v2.0");
    assert_eq!(
        document["token_endpoint"],
        "https://localhost/common/oauth2/v2.0/token"
    );
    assert_eq!(document["tenant_region_scope"], Value::Null);
    // The authority of MSAL for Python ends with a slash by default.
    let doubled = get(&emulator, "/common//v2.0/.well-known/openid-configuration").json();
    assert_eq!(doubled, document);
}

#[test]
fn a_configured_issuer_is_used_everywhere() {
    let emulator = builder()
        .issuer_base("https://login.microsoftonline.com/")
        .start_blocking()
        .unwrap();
    let issuer = format!("https://login.microsoftonline.com/{DEFAULT_TENANT_ID}/v2.0");
    let document = get(&emulator, "/contoso.test/v2.0/.well-known/openid-configuration").json();
    assert_eq!(document["issuer"], issuer);
    let keys = get(&emulator, "/contoso.test/discovery/v2.0/keys").json();
    assert_eq!(keys["keys"][0]["issuer"], issuer);
}

#[test]
fn an_unknown_tenant_has_no_documents() {
    let emulator = emulator();
    for path in [
        "/nowhere.test/v2.0/.well-known/openid-configuration",
        "/nowhere.test/.well-known/openid-configuration",
        "/nowhere.test/discovery/v2.0/keys",
    ] {
        let reply = get(&emulator, path);
        let body = reply.json();
        assert_eq!(
            (reply.status, &body["error"]),
            (400, &json!("invalid_tenant")),
            "{path}"
        );
        assert_eq!(body["error_codes"], json!([90_002]));
    }
}

#[test]
fn a_hostile_host_header_stays_out_of_the_documents() {
    let emulator = emulator();
    let request = b"GET /common/v2.0/.well-known/openid-configuration HTTP/1.1\r\nhost: evil\"host\r\n\r\n";
    let mut stream = crate::support::connect(&emulator).unwrap();
    std::io::Write::write_all(&mut stream, request).unwrap();
    let document = crate::support::read_reply(&mut stream).unwrap().json();
    assert_eq!(
        document["token_endpoint"],
        format!("{}/common/oauth2/v2.0/token", emulator.authority())
    );
}

#[test]
fn the_key_set_has_a_certificate_of_the_same_key() {
    let emulator = emulator();
    let key = get(&emulator, "/common/discovery/v2.0/keys").json()["keys"][0].clone();
    assert_eq!((&key["kty"], &key["use"]), (&json!("RSA"), &json!("sig")));
    let certificate = BASE64_STANDARD.decode(key["x5c"][0].as_str().unwrap()).unwrap();
    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &certificate));
    assert_eq!(
        (&key["x5t"], &key["kid"]),
        (&json!(thumbprint), &json!(thumbprint))
    );
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    assert!(certificate.windows(modulus.len()).any(|window| window == modulus));
}

fn instance(query: &str) -> crate::support::Reply {
    let emulator = builder().server_name("login.lab.test").start_blocking().unwrap();
    call(
        &emulator,
        "GET",
        &format!("/common/discovery/instance?{query}"),
        &[],
        b"",
    )
}

#[test]
fn instances_of_the_emulator_and_of_the_clouds_are_known() {
    for host in [
        "localhost:8443",
        "login.microsoftonline.com",
        "login.lab.test",
        "[::1]:5",
        "login.sovcloud-identity.fr",
    ] {
        let endpoint = format!("https://{host}/common/oauth2/v2.0/authorize");
        let query = format!("api-version=1.1&authorization_endpoint={endpoint}");
        let document = instance(&query).json();
        assert_eq!(
            document["tenant_discovery_endpoint"],
            format!("https://{host}/common/v2.0/.well-known/openid-configuration")
        );
        let clouds = document["metadata"].as_array().unwrap();
        let aliases = |cloud: &Value, name: &str| cloud["aliases"].as_array().unwrap().contains(&json!(name));
        assert!(clouds.iter().any(|cloud| aliases(cloud, "sts.windows.net")));
        assert!(clouds.iter().any(|cloud| aliases(cloud, "localhost")));
    }
}

#[test]
fn the_older_answer_has_no_metadata() {
    let document =
        instance("api-version=1.0&authorization_endpoint=https://localhost/t/oauth2/authorize").json();
    assert!(document.get("metadata").is_none());
}

#[test]
fn an_unknown_instance_is_refused() {
    let reply =
        instance("api-version=1.1&authorization_endpoint=https://login.evil.test/common/oauth2/authorize");
    let body = reply.json();
    assert_eq!((reply.status, &body["error"]), (400, &json!("invalid_instance")));
    assert_eq!(body["error_codes"], json!([50_049]));
    assert_eq!(
        instance("api-version=1.1").json()["error_codes"],
        json!([900_144])
    );
}
