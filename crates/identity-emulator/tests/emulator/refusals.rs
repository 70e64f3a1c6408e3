//! What Entra refuses is refused, with its documents.

use std::time::{Duration, SystemTime};

use crate::support::{
    FORM, SECRET, builder, call, credentials_form, emulator, encode, get, is_refused, post, token, token_path,
};
use identity_emulator::{App, DEFAULT_CLIENT_ID, Tenant};

/// The good form without some fields and with others.
fn form(without: &[&str], with: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut form = credentials_form();
    form.retain(|(name, _)| !without.contains(name) && !with.iter().any(|(other, _)| name == other));
    form.extend(with);
    form
}

#[test]
fn each_mistake_has_its_own_refusal() {
    let emulator = emulator();
    type Case = (
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
        u16,
        &'static str,
        u32,
        &'static str,
    );
    let cases: &[Case] = &[
        (
            &["grant_type"],
            &[],
            400,
            "invalid_request",
            900_144,
            "'grant_type'",
        ),
        (
            &["client_id"],
            &[],
            400,
            "invalid_request",
            900_144,
            "'client_id'",
        ),
        (&["scope"], &[], 400, "invalid_request", 900_144, "'scope'"),
        (&[], &[("scope", "")], 400, "invalid_request", 900_144, "'scope'"),
        (
            &[],
            &[("grant_type", "magic")],
            400,
            "unsupported_grant_type",
            70_003,
            "'magic'",
        ),
        (
            &[],
            &[("client_id", "44444444-4444-4444-4444-000000000000")],
            400,
            "unauthorized_client",
            700_016,
            "'44444444-4444-4444-4444-000000000000'",
        ),
        (
            &[],
            &[("client_secret", "wrong")],
            401,
            "invalid_client",
            7_000_215,
            DEFAULT_CLIENT_ID,
        ),
        (
            &["client_secret"],
            &[],
            401,
            "invalid_client",
            7_000_218,
            "'client_secret'",
        ),
        (
            &[],
            &[("scope", "https://nowhere.test/.default")],
            400,
            "invalid_resource",
            500_011,
            "https://nowhere.test was not found in the tenant named Contoso",
        ),
        (
            &[],
            &[(
                "scope",
                "https://vault.azure.net/.default https://graph.microsoft.com/.default",
            )],
            400,
            "invalid_scope",
            28_000,
            "more than one resource",
        ),
        (
            &[],
            &[("scope", "https://graph.microsoft.com/User.Read")],
            400,
            "invalid_scope",
            1_002_012,
            "/.default",
        ),
        (
            &[],
            &[("scope", "openid profile")],
            400,
            "invalid_scope",
            1_002_012,
            "openid profile",
        ),
        (
            &[],
            &[(
                "scope",
                "https://graph.microsoft.com/.default https://graph.microsoft.com/User.Read",
            )],
            400,
            "invalid_scope",
            70_011,
            "User.Read",
        ),
        (
            &[],
            &[("resource", "https://graph.microsoft.com")],
            400,
            "invalid_request",
            901_002,
            "'resource'",
        ),
        (&[], &[("claims", "{")], 400, "invalid_request", 9_000_410, "JSON"),
    ];
    for (without, with, status, error, code, text) in cases {
        let reply = post(&emulator, &token_path(&emulator), &form(without, with));
        let body = is_refused(&reply, *status, error, *code);
        let description = body["error_description"].as_str().unwrap();
        assert!(description.contains(text), "{description}");
    }
    assert_eq!(emulator.requests().token().count(), cases.len());
}

#[test]
fn a_tenant_must_be_named_and_known() {
    let emulator = emulator();
    for (tenant, code) in [
        ("22222222-2222-2222-2222-222222222222", 90_002),
        ("nowhere.test", 90_002),
        ("nodots", 900_023),
        ("common", 50_059),
        ("organizations", 50_059),
    ] {
        let reply = post(
            &emulator,
            &format!("/{tenant}/oauth2/v2.0/token"),
            &credentials_form(),
        );
        is_refused(&reply, 400, "invalid_request", code);
    }
}

#[test]
fn an_application_is_known_in_its_own_tenant_alone() {
    let emulator = builder()
        .tenant(Tenant::fixed())
        .app(App::fixed().secret(SECRET))
        .tenant(Tenant::new("Fabrikam"))
        .app(App::confidential("theirs").secret("x"))
        .start_blocking()
        .unwrap();
    let theirs = emulator.tenant_id_of("Fabrikam").unwrap();
    let reply = post(
        &emulator,
        &format!("/{theirs}/oauth2/v2.0/token"),
        &credentials_form(),
    );
    let body = is_refused(&reply, 400, "unauthorized_client", 700_016);
    assert!(
        body["error_description"].as_str().unwrap().contains("'Fabrikam'"),
        "{body}"
    );
}

#[test]
fn expired_secrets_disabled_and_public_applications_are_refused() {
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let emulator = builder()
        .app(App::confidential("expiring").secret_until("old", end))
        .app(App::confidential("off").secret("x").disabled())
        .app(App::public("cli"))
        .frozen_at(end - Duration::from_secs(1))
        .start_blocking()
        .unwrap();
    let send = |name: &str, secret: &str| {
        let id = emulator.client_id_of(name).unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", crate::support::MANAGEMENT),
        ];
        post(&emulator, &token_path(&emulator), &form)
    };
    assert_eq!(send("expiring", "old").status, 200);
    emulator.clock().advance(Duration::from_secs(1));
    is_refused(&send("expiring", "old"), 401, "invalid_client", 7_000_222);
    is_refused(&send("off", "x"), 400, "unauthorized_client", 7_000_112);
    is_refused(&send("cli", "x"), 401, "invalid_client", 700_025);
}

#[test]
fn a_secret_in_the_url_is_refused_even_beside_a_good_form() {
    let emulator = emulator();
    let path = format!("{}?client_secret=x", token_path(&emulator));
    let body = is_refused(
        &post(&emulator, &path, &credentials_form()),
        400,
        "invalid_request",
        165_900,
    );
    assert!(
        body["error_description"]
            .as_str()
            .unwrap()
            .contains("'client_secret'")
    );
}

#[test]
fn a_field_given_twice_is_refused() {
    let emulator = emulator();
    let mut form = credentials_form();
    form.push(("scope", crate::support::MANAGEMENT));
    is_refused(
        &post(&emulator, &token_path(&emulator), &form),
        400,
        "invalid_request",
        9_000_411,
    );
}

#[test]
fn a_form_that_does_not_say_so_is_none() {
    let emulator = emulator();
    let form = encode(&credentials_form());
    for headers in [&[][..], &[("content-type", "application/json")][..]] {
        let reply = call(
            &emulator,
            "POST",
            &token_path(&emulator),
            headers,
            form.as_bytes(),
        );
        is_refused(&reply, 400, "invalid_request", 900_144);
    }
    let with_charset = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    assert_eq!(
        call(
            &emulator,
            "POST",
            &token_path(&emulator),
            &with_charset,
            form.as_bytes()
        )
        .status,
        200
    );
}

#[test]
fn tokens_are_posted_for() {
    let emulator = emulator();
    let reply = get(&emulator, &token_path(&emulator));
    is_refused(&reply, 405, "invalid_request", 900_561);
    assert_eq!(reply.header("allow"), Some("POST"));
    assert_eq!(get(&emulator, "/nowhere").status, 404);
}

#[test]
fn the_document_is_entras() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let emulator = builder()
        .app(App::fixed().secret(SECRET))
        .frozen_at(now)
        .start_blocking()
        .unwrap();
    let id = "0b0e8c0a-6b1c-4c8f-9d1e-1f2a3b4c5d6e";
    let headers = [
        FORM,
        ("client-request-id", id),
        ("return-client-request-id", "true"),
        ("x-client-current-telemetry", "4|730,0|"),
    ];
    let wrong = encode(&form(&[], &[("client_secret", "wrong")]));
    let reply = call(
        &emulator,
        "POST",
        &token_path(&emulator),
        &headers,
        wrong.as_bytes(),
    );
    let body = is_refused(&reply, 401, "invalid_client", 7_000_215);
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "correlation_id",
            "error",
            "error_codes",
            "error_description",
            "error_uri",
            "timestamp",
            "trace_id"
        ]
    );
    let trace = body["trace_id"].as_str().unwrap();
    assert_eq!(body["timestamp"], "2027-01-15 08:00:00Z");
    assert_eq!(body["correlation_id"], id);
    assert_eq!(body["error_uri"], "https://localhost/error?code=7000215");
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.starts_with("AADSTS7000215: Invalid client secret provided. "),
        "{description}"
    );
    let tail = format!(" Trace ID: {trace} Correlation ID: {id} Timestamp: 2027-01-15 08:00:00Z");
    assert!(description.ends_with(&tail), "{description}");
    assert_eq!(reply.header("x-ms-request-id"), Some(trace));
    assert_eq!(reply.header("client-request-id"), Some(id));
    assert_eq!(reply.header("x-ms-clitelem"), Some("1,7000215,0,,"));
    assert_eq!(reply.header("date"), Some("Fri, 15 Jan 2027 08:00:00 GMT"));
}

#[test]
fn a_secret_is_never_in_a_refusal() {
    let emulator = emulator();
    let reply = post(
        &emulator,
        &token_path(&emulator),
        &form(&[], &[("client_secret", "CNRY-wrong-secret")]),
    );
    assert!(!String::from_utf8_lossy(&reply.body).contains("CNRY"));
}

#[test]
fn an_oversized_request_is_not_read() {
    let emulator = emulator();
    let huge = vec![b'a'; 1024 * 1024 + 1];
    let reply = call(&emulator, "POST", &token_path(&emulator), &[FORM], &huge);
    assert_eq!(reply.status, 413);
    assert_eq!(token(&emulator).status, 200);
}
