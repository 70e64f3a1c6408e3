//! Tokens for client credentials: that they verify, and what they say.

use std::time::{Duration, SystemTime};

use crate::jwt::{part, verify};
use crate::support::{
    FORM, MANAGEMENT, SECRET, builder, call, credentials_form, emulator, encode, get, post, token, token_path,
};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use identity_emulator::{
    App, DEFAULT_CLIENT_ID, DEFAULT_TENANT_ID, Emulator, Resource, Tenant, TokenVersion,
};
use serde_json::{Value, json};

/// Asks for a token with changes to the good form, and verifies it.
fn claims(emulator: &Emulator, changes: &[(&'static str, &'static str)]) -> Value {
    let mut form = credentials_form();
    for change in changes {
        form.retain(|(name, _)| *name != change.0);
        form.push(*change);
    }
    let reply = post(emulator, &token_path(emulator), &form);
    assert_eq!(reply.status, 200, "{}", reply.json());
    let jwks = get(
        emulator,
        &format!("/{}/discovery/v2.0/keys", emulator.tenant_id()),
    )
    .json();
    verify(reply.json()["access_token"].as_str().unwrap(), &jwks).unwrap()
}

#[test]
fn a_token_verifies_against_the_key_set_and_a_changed_one_does_not() {
    let emulator = emulator();
    let document = get(
        &emulator,
        &format!("/{DEFAULT_TENANT_ID}/v2.0/.well-known/openid-configuration"),
    )
    .json();
    let keys = document["jwks_uri"]
        .as_str()
        .unwrap()
        .strip_prefix("https://localhost")
        .unwrap()
        .to_owned();
    let jwks = get(&emulator, &keys).json();
    let reply = token(&emulator).json();
    let jwt = reply["access_token"].as_str().unwrap();
    verify(jwt, &jwks).unwrap();
    let (head, rest) = jwt.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let mut changed = part(body);
    changed["roles"] = json!(["Everything"]);
    let forged = format!(
        "{head}.{}.{signature}",
        BASE64_URL_SAFE_NO_PAD.encode(changed.to_string())
    );
    assert_eq!(verify(&forged, &jwks).unwrap_err(), "the signature is wrong");
}

#[test]
fn azures_own_services_get_version_one_tokens() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let app = App::fixed().secret(SECRET).role("Reader").role("Writer");
    let emulator = builder().app(app).frozen_at(now).start_blocking().unwrap();
    let claims = claims(&emulator, &[]);
    let object_id = emulator.object_id_of(DEFAULT_CLIENT_ID).unwrap();
    let issuer = format!("https://sts.windows.net/{DEFAULT_TENANT_ID}/");
    for (name, value) in [
        ("aud", json!("https://management.azure.com")),
        ("iss", json!(issuer)),
        ("idp", json!(issuer)),
        ("iat", json!(1_799_999_700)),
        ("nbf", json!(1_799_999_700)),
        ("exp", json!(1_800_003_599)),
        ("appid", json!(DEFAULT_CLIENT_ID)),
        ("appidacr", json!("1")),
        ("idtyp", json!("app")),
        ("oid", json!(object_id)),
        ("sub", json!(object_id)),
        ("tid", json!(DEFAULT_TENANT_ID)),
        ("roles", json!(["Reader", "Writer"])),
        ("ver", json!("1.0")),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    for absent in ["azp", "xms_cc", "scp"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    for present in ["uti", "aio", "rh"] {
        assert!(claims[present].is_string(), "{present}");
    }
}

#[test]
fn an_api_of_ones_own_gets_version_two_tokens_unless_it_says_otherwise() {
    let api = App::confidential("api").identifier_uri("api://orders");
    let old = App::confidential("old")
        .identifier_uri("api://old")
        .token_version(TokenVersion::V1);
    let emulator = builder()
        .app(App::fixed().secret(SECRET))
        .app(api)
        .app(old)
        .resource(Resource::new("https://shop.contoso.test").token_version(TokenVersion::V2))
        .start_blocking()
        .unwrap();
    let new = claims(&emulator, &[("scope", "api://orders/.default")]);
    assert_eq!(new["aud"], emulator.client_id_of("api").unwrap());
    assert_eq!(new["iss"], format!("https://localhost/{DEFAULT_TENANT_ID}/v2.0"));
    assert_eq!(
        (&new["ver"], &new["azp"], &new["azpacr"]),
        (&json!("2.0"), &json!(DEFAULT_CLIENT_ID), &json!("1"))
    );
    assert!(new.get("appid").is_none());
    let old = claims(&emulator, &[("scope", "api://old/.default")]);
    assert_eq!((&old["aud"], &old["ver"]), (&json!("api://old"), &json!("1.0")));
    assert_eq!(
        claims(&emulator, &[("scope", "https://shop.contoso.test/.default")])["ver"],
        "2.0"
    );
}

#[test]
fn the_audience_is_the_resource_as_it_was_written() {
    let emulator = emulator();
    for (scope, audience) in [
        (
            "https://management.azure.com//.default",
            "https://management.azure.com/",
        ),
        (
            "https://account.blob.core.windows.net/.default",
            "https://account.blob.core.windows.net",
        ),
        (
            "00000003-0000-0000-c000-000000000000/.default",
            "00000003-0000-0000-c000-000000000000",
        ),
        // MSAL for Go sends the user flows' scopes too.
        (
            "https://storage.azure.com/.default openid offline_access profile",
            "https://storage.azure.com",
        ),
    ] {
        assert_eq!(claims(&emulator, &[("scope", scope)])["aud"], audience, "{scope}");
    }
}

#[test]
fn the_client_capability_is_in_the_token_when_it_was_asked_for() {
    let emulator = emulator();
    let asked = claims(
        &emulator,
        &[("claims", r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#)],
    );
    assert_eq!(asked["xms_cc"], json!(["CP1"]));
}

#[test]
fn no_two_tokens_are_equal_even_in_the_same_second() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let emulator = builder()
        .app(App::fixed().secret(SECRET))
        .frozen_at(now)
        .start_blocking()
        .unwrap();
    assert_ne!(
        token(&emulator).json()["access_token"],
        token(&emulator).json()["access_token"]
    );
}

#[test]
fn the_answer_has_entras_fields_and_headers() {
    let emulator = emulator();
    let reply = token(&emulator);
    let body = reply.json();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["access_token", "expires_in", "ext_expires_in", "token_type"]
    );
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(3599))
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store, no-cache"));
    assert_eq!(reply.header("x-ms-request-id").unwrap().len(), 36);
}

#[test]
fn long_lived_tokens_say_when_to_refresh() {
    let tenant = Tenant::fixed().token_lifetime(Duration::from_secs(86_399));
    let short = App::confidential("short")
        .secret(SECRET)
        .token_lifetime(Duration::from_secs(600));
    let emulator = builder()
        .tenant(tenant)
        .app(App::fixed().secret(SECRET))
        .app(short)
        .start_blocking()
        .unwrap();
    let body = token(&emulator).json();
    assert_eq!(
        (&body["expires_in"], &body["refresh_in"]),
        (&json!(86_399), &json!(43_199))
    );
    let short = emulator.client_id_of("short").unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", short),
        ("client_secret", SECRET),
        ("scope", MANAGEMENT),
    ];
    let body = post(&emulator, &token_path(&emulator), &form).json();
    assert_eq!((&body["expires_in"], body.get("refresh_in")), (&json!(600), None));
}

#[test]
fn version_one_takes_a_resource_and_answers_in_strings() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let emulator = builder()
        .app(App::fixed().secret(SECRET))
        .frozen_at(now)
        .start_blocking()
        .unwrap();
    let mut form = credentials_form();
    form.pop();
    form.push(("resource", "https://management.azure.com/"));
    let body = post(&emulator, &format!("/{DEFAULT_TENANT_ID}/oauth2/token"), &form).json();
    for (name, value) in [
        ("expires_in", "3599"),
        ("ext_expires_in", "3599"),
        ("expires_on", "1800003599"),
        ("not_before", "1799999700"),
        ("resource", "https://management.azure.com/"),
        ("token_type", "Bearer"),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
}

#[test]
fn a_secret_may_come_as_http_basic() {
    let other = App::confidential("other").secret(SECRET);
    let emulator = builder()
        .app(App::fixed().secret(SECRET))
        .app(other)
        .start_blocking()
        .unwrap();
    // RFC 6749 2.3.1: both halves are form-encoded first.
    let encoded: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let header = format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{DEFAULT_CLIENT_ID}:{encoded}"))
    );
    let send = |client_id: Option<&str>| {
        let mut form = vec![("grant_type", "client_credentials"), ("scope", MANAGEMENT)];
        form.extend(client_id.map(|id| ("client_id", id)));
        let headers = [FORM, ("authorization", header.as_str())];
        call(
            &emulator,
            "POST",
            &token_path(&emulator),
            &headers,
            encode(&form).as_bytes(),
        )
    };
    assert_eq!(send(None).status, 200);
    assert_eq!(
        emulator.requests().last().unwrap().client_id().as_deref(),
        Some(DEFAULT_CLIENT_ID)
    );
    assert_eq!(send(Some(DEFAULT_CLIENT_ID)).status, 200);
    // The header proves one client; the form must not name another, though both have the same secret.
    let mixed = send(emulator.client_id_of("other"));
    assert_eq!(mixed.json()["error_codes"], json!([70_002]));
}

#[test]
fn tenants_go_by_domain_name_and_paths_by_any_case() {
    let emulator = emulator();
    for path in [
        "/contoso.test/oauth2/v2.0/token",
        "/CONTOSO.TEST/OAuth2/V2.0/Token",
    ] {
        let reply = post(&emulator, path, &credentials_form());
        assert_eq!(reply.status, 200, "{path}");
    }
}

#[test]
fn token_times_follow_the_clock() {
    let emulator = emulator();
    emulator.clock().freeze();
    let before = claims(&emulator, &[])["exp"].as_i64().unwrap();
    emulator.clock().advance(Duration::from_secs(7200));
    assert_eq!(claims(&emulator, &[])["exp"].as_i64().unwrap(), before + 7200);
}

#[test]
fn a_lenient_emulator_takes_who_was_never_configured() {
    let emulator = builder()
        .app(App::fixed().secret(SECRET))
        .lenient()
        .start_blocking()
        .unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "99999999-9999-9999-9999-999999999999"),
        ("client_secret", "anything"),
        ("scope", "https://unheard.of/.default"),
    ];
    assert_eq!(
        post(&emulator, "/somewhere.test/oauth2/v2.0/token", &form).status,
        200
    );
    // But an application that has a secret has that secret.
    let wrong = [form[0], ("client_id", DEFAULT_CLIENT_ID), form[2], form[3]];
    let refused = post(&emulator, &token_path(&emulator), &wrong);
    assert_eq!(refused.json()["error_codes"], json!([7_000_215]));
}

#[test]
fn claims_of_ones_own_can_be_signed() {
    let emulator = emulator();
    let jwks = get(&emulator, "/common/discovery/keys").json();
    let jwt = emulator.forge_token(&json!({"aud": "x", "exp": 1})).unwrap();
    assert_eq!(verify(&jwt, &jwks).unwrap(), json!({"aud": "x", "exp": 1}));
    assert!(emulator.forge_token(&json!([])).is_none());
}
