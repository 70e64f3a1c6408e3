//! Authorization codes: bound to client, redirect and verifier, and good once.

use std::time::Duration;

use crate::jwt::{part, verify};
use crate::support::{Reply, builder, get, is_refused, post, token_path};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity_emulator::{App, CodeRequest, DEFAULT_TENANT_ID, Emulator, Tenant, User};
use serde_json::{Value, json};

const REDIRECT: &str = "https://app.test/signed-in";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Of this very verifier, RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn emulator() -> Emulator {
    builder()
        .tenant(Tenant::fixed())
        .app(App::confidential("web").secret("s3cret").redirect_uri(REDIRECT))
        .app(App::public("cli"))
        .tenant(Tenant::new("Fabrikam"))
        .app(App::confidential("roaming").secret("s3cret").multitenant())
        .start_blocking()
        .unwrap()
}

fn request(emulator: &Emulator, app: &str) -> CodeRequest {
    CodeRequest::new(REDIRECT).client_id(emulator.client_id_of(app).unwrap())
}

/// Redeems a code with more fields.
fn redeem(emulator: &Emulator, app: &str, code: &str, more: &[(&str, &str)]) -> Reply {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", emulator.client_id_of(app).unwrap()),
        ("code", code),
    ];
    form.extend(more);
    if !more.iter().any(|(name, _)| *name == "redirect_uri") {
        form.push(("redirect_uri", REDIRECT));
    }
    post(emulator, &token_path(emulator), &form)
}

fn claims(jwt: &Value) -> Value {
    part(jwt.as_str().unwrap().split('.').nth(1).unwrap())
}

#[test]
fn a_code_earns_what_was_granted() {
    let emulator = emulator();
    let ada = User::new("ada@contoso.test").display_name("Ada");
    let wish = request(&emulator, "web")
        .user(ada.clone())
        .scope("openid profile offline_access User.Read")
        .nonce("n-1");
    let code = emulator.mint_code(&wish).unwrap();
    let more = [
        ("client_secret", "s3cret"),
        ("scope", "User.Read"),
        ("client_info", "1"),
    ];
    let reply = redeem(&emulator, "web", &code, &more);
    assert_eq!(reply.status, 200, "{}", reply.json());
    let body = reply.json();
    assert_eq!(body["scope"], "User.Read");
    assert!(body["refresh_token"].is_string());
    let jwks = get(&emulator, &format!("/{DEFAULT_TENANT_ID}/discovery/v2.0/keys")).json();
    let access = verify(body["access_token"].as_str().unwrap(), &jwks).unwrap();
    for (name, value) in [
        ("scp", "User.Read"),
        ("aud", "https://graph.microsoft.com"),
        ("upn", "ada@contoso.test"),
        ("name", "Ada"),
        ("oid", ada.object_id()),
        ("idtyp", "user"),
        ("appidacr", "1"),
    ] {
        assert_eq!(access[name], value, "{name}");
    }
    let id = verify(body["id_token"].as_str().unwrap(), &jwks).unwrap();
    assert_eq!(id["aud"], emulator.client_id_of("web").unwrap());
    assert_eq!(id["nonce"], "n-1");
    assert_eq!(id["iss"], format!("https://localhost/{DEFAULT_TENANT_ID}/v2.0"));
    let info = BASE64_URL_SAFE_NO_PAD
        .decode(body["client_info"].as_str().unwrap())
        .unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info, json!({"uid": ada.object_id(), "utid": DEFAULT_TENANT_ID}));
}

#[test]
fn what_was_not_asked_for_does_not_come_along() {
    let emulator = emulator();
    let code = emulator
        .mint_code(&request(&emulator, "web").scope("User.Read"))
        .unwrap();
    let reply = redeem(&emulator, "web", &code, &[("client_secret", "s3cret")]);
    let body = reply.json();
    assert_eq!(reply.status, 200, "{body}");
    for absent in ["refresh_token", "id_token", "client_info"] {
        assert!(body.get(absent).is_none(), "{absent}");
    }
    assert_eq!(claims(&body["access_token"])["scp"], "User.Read");
}

#[test]
fn a_code_is_good_once() {
    let emulator = emulator();
    let code = emulator.mint_code(&request(&emulator, "web")).unwrap();
    let secret = [("client_secret", "s3cret")];
    assert_eq!(redeem(&emulator, "web", &code, &secret).status, 200);
    is_refused(
        &redeem(&emulator, "web", &code, &secret),
        400,
        "invalid_grant",
        54_005,
    );
    let body = is_refused(
        &redeem(&emulator, "web", "made-up", &secret),
        400,
        "invalid_grant",
        70_000,
    );
    assert!(body["error_description"].as_str().unwrap().contains("'code'"));
}

#[test]
fn a_code_expires() {
    let emulator = emulator();
    let code = emulator.mint_code(&request(&emulator, "web")).unwrap();
    emulator.clock().advance(Duration::from_secs(601));
    let reply = redeem(&emulator, "web", &code, &[("client_secret", "s3cret")]);
    is_refused(&reply, 400, "invalid_grant", 70_008);
}

#[test]
fn the_verifier_has_to_be_that_of_the_challenge() {
    let emulator = emulator();
    let bound = request(&emulator, "cli").code_challenge(CHALLENGE);
    let code = emulator.mint_code(&bound).unwrap();
    let with = |verifier: &'static str| redeem(&emulator, "cli", &code, &[("code_verifier", verifier)]);
    is_refused(
        &with("another-verifier-of-at-least-43-characters!"),
        400,
        "invalid_grant",
        501_481,
    );
    is_refused(&with(CHALLENGE), 400, "invalid_grant", 501_481);
    is_refused(
        &redeem(&emulator, "cli", &code, &[]),
        400,
        "invalid_grant",
        50_148,
    );
    // A wrong try does not use the code up.
    assert_eq!(with(VERIFIER).status, 200);
    let unbound = emulator.mint_code(&request(&emulator, "cli")).unwrap();
    let reply = redeem(&emulator, "cli", &unbound, &[("code_verifier", VERIFIER)]);
    is_refused(&reply, 400, "invalid_grant", 501_481);
    // The verifier gives the challenge of the standard's own example.
    let made = emulator
        .mint_code(&request(&emulator, "cli").code_verifier(VERIFIER))
        .unwrap();
    assert_eq!(
        redeem(&emulator, "cli", &made, &[("code_verifier", VERIFIER)]).status,
        200
    );
}

#[test]
fn redirect_client_and_tenant_have_to_be_the_codes_own() {
    let emulator = emulator();
    let code = emulator.mint_code(&request(&emulator, "web")).unwrap();
    let secret = ("client_secret", "s3cret");
    let elsewhere = [secret, ("redirect_uri", "https://app.test/signed-in/")];
    let body = is_refused(
        &redeem(&emulator, "web", &code, &elsewhere),
        401,
        "invalid_client",
        500_112,
    );
    assert!(body["error_description"].as_str().unwrap().contains(
        "'https://app.test/signed-in/' does not match the reply address 'https://app.test/signed-in'"
    ));
    is_refused(
        &redeem(&emulator, "cli", &code, &[]),
        400,
        "invalid_grant",
        70_000,
    );
    let roaming = emulator.mint_code(&request(&emulator, "roaming")).unwrap();
    is_refused(
        &redeem(&emulator, "roaming", &roaming, &[secret]),
        400,
        "invalid_grant",
        700_005,
    );
    for missing in ["code", "redirect_uri"] {
        let all = [
            ("grant_type", "authorization_code"),
            ("client_id", emulator.client_id_of("cli").unwrap()),
            ("code", "x"),
            ("redirect_uri", REDIRECT),
        ];
        let form: Vec<_> = all.into_iter().filter(|(name, _)| *name != missing).collect();
        let body = is_refused(
            &post(&emulator, &token_path(&emulator), &form),
            400,
            "invalid_request",
            900_144,
        );
        assert!(body["error_description"].as_str().unwrap().contains(missing));
    }
}

#[test]
fn confidential_applications_prove_themselves_and_public_ones_must_not() {
    let emulator = emulator();
    let code = emulator.mint_code(&request(&emulator, "web")).unwrap();
    is_refused(
        &redeem(&emulator, "web", &code, &[]),
        401,
        "invalid_client",
        7_000_218,
    );
    is_refused(
        &redeem(&emulator, "web", &code, &[("client_secret", "wrong")]),
        401,
        "invalid_client",
        7_000_215,
    );
    let public = emulator.mint_code(&request(&emulator, "cli")).unwrap();
    is_refused(
        &redeem(&emulator, "cli", &public, &[("client_secret", "s3cret")]),
        401,
        "invalid_client",
        700_025,
    );
    let reply = redeem(&emulator, "cli", &public, &[]);
    assert_eq!(claims(&reply.json()["access_token"])["appidacr"], "0");
}

#[test]
fn scopes_are_of_one_api_and_a_wrong_one_does_not_use_the_code_up() {
    let emulator = emulator();
    let code = emulator.mint_code(&request(&emulator, "cli")).unwrap();
    for (scope, error, refusal) in [
        (
            "https://vault.azure.net/.default User.Read",
            "invalid_scope",
            28_000,
        ),
        ("https://vault.azure.net", "invalid_scope", 70_011),
        (
            "https://vault.azure.net/.default https://vault.azure.net/user",
            "invalid_scope",
            70_011,
        ),
        ("https://nowhere.test/.default", "invalid_resource", 500_011),
    ] {
        is_refused(
            &redeem(&emulator, "cli", &code, &[("scope", scope)]),
            400,
            error,
            refusal,
        );
    }
    let reply = redeem(
        &emulator,
        "cli",
        &code,
        &[("scope", "https://vault.azure.net/.default")],
    );
    let access = claims(&reply.json()["access_token"]);
    assert_eq!(
        (&access["aud"], &access["scp"]),
        (&json!("https://vault.azure.net"), &json!("user_impersonation"))
    );
}

#[test]
fn codes_are_made_for_known_applications_and_their_redirects() {
    let emulator = emulator();
    let web = emulator.client_id_of("web").unwrap();
    let wrong = emulator
        .mint_code(&CodeRequest::new("https://evil.test").client_id(web))
        .unwrap_err();
    assert!(wrong.contains("evil.test"), "{wrong}");
    let unknown = emulator
        .mint_code(&CodeRequest::new(REDIRECT).client_id("nobody"))
        .unwrap_err();
    assert!(unknown.contains("nobody"), "{unknown}");
}
