//! Refresh tokens: rotated, bound to their application, and ended by misuse.

use std::time::Duration;

use crate::jwt::part;
use crate::support::{Reply, builder, is_refused, post, token_path};
use identity_emulator::{App, CodeRequest, Emulator};
use serde_json::Value;

const REDIRECT: &str = "http://localhost:1/";

fn emulator(app: App) -> Emulator {
    builder()
        .app(app)
        .app(App::public("other"))
        .start_blocking()
        .unwrap()
}

fn refresh(emulator: &Emulator, token: &str, more: &[(&str, &str)]) -> Reply {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    form.extend(more);
    if !more.iter().any(|(name, _)| *name == "client_id") {
        form.push(("client_id", emulator.client_id()));
    }
    post(emulator, &token_path(emulator), &form)
}

fn refresh_token(body: &Value) -> String {
    body["refresh_token"].as_str().unwrap().to_owned()
}

/// Signs a user in and returns the first refresh token.
fn sign_in(emulator: &Emulator, scope: &str) -> String {
    let code = emulator
        .mint_code(&CodeRequest::new(REDIRECT).scope(scope))
        .unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", emulator.client_id()),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
    ];
    refresh_token(&post(emulator, &token_path(emulator), &form).json())
}

#[test]
fn a_token_is_traded_for_the_next_and_for_any_api() {
    let emulator = emulator(App::public("cli"));
    let first = sign_in(&emulator, "openid offline_access User.Read");
    let reply = refresh(&emulator, &first, &[("client_info", "1")]);
    let body = reply.json();
    assert_eq!(reply.status, 200, "{body}");
    // Without scopes those of the sign-in are meant.
    assert_eq!(body["scope"], "openid User.Read");
    assert!(body["id_token"].is_string() && body["client_info"].is_string());
    let second = refresh_token(&body);
    assert_ne!(second, first);
    let other = refresh(
        &emulator,
        &second,
        &[("scope", "https://vault.azure.net/.default")],
    )
    .json();
    let access = part(other["access_token"].as_str().unwrap().split('.').nth(1).unwrap());
    assert_eq!(access["aud"], "https://vault.azure.net");
    assert_eq!(refresh(&emulator, &refresh_token(&other), &[]).status, 200);
}

#[test]
fn a_token_that_is_used_again_ends_its_family() {
    let emulator = emulator(App::public("cli"));
    let first = sign_in(&emulator, "offline_access User.Read");
    let second = refresh_token(&refresh(&emulator, &first, &[]).json());
    let other = sign_in(&emulator, "offline_access User.Read");
    let body = is_refused(&refresh(&emulator, &first, &[]), 400, "invalid_grant", 50_173);
    assert_eq!(body["suberror"], "bad_token");
    // The thief's and the owner's are both gone; another sign-in is not touched.
    is_refused(&refresh(&emulator, &second, &[]), 400, "invalid_grant", 50_173);
    assert_eq!(refresh(&emulator, &other, &[]).status, 200);
}

#[test]
fn an_application_can_be_as_forgiving_as_entra() {
    let emulator = emulator(App::public("cli").reusable_refresh_tokens());
    let first = sign_in(&emulator, "offline_access User.Read");
    let second = refresh_token(&refresh(&emulator, &first, &[]).json());
    assert_eq!(refresh(&emulator, &first, &[]).status, 200);
    assert_eq!(refresh(&emulator, &second, &[]).status, 200);
}

#[test]
fn a_wrong_request_does_not_use_a_token_up() {
    let emulator = emulator(
        App::confidential("web")
            .secret("s3cret")
            .reusable_refresh_tokens(),
    );
    let code = emulator.mint_code(&CodeRequest::new(REDIRECT)).unwrap();
    let secret = ("client_secret", "s3cret");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", emulator.client_id()),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        secret,
    ];
    let first = refresh_token(&post(&emulator, &token_path(&emulator), &form).json());
    is_refused(&refresh(&emulator, &first, &[]), 401, "invalid_client", 7_000_218);
    is_refused(
        &refresh(&emulator, &first, &[("client_secret", "x")]),
        401,
        "invalid_client",
        7_000_215,
    );
    is_refused(
        &refresh(
            &emulator,
            &first,
            &[secret, ("scope", "https://nowhere.test/.default")],
        ),
        400,
        "invalid_resource",
        500_011,
    );
    let other = emulator.client_id_of("other").unwrap();
    is_refused(
        &refresh(&emulator, &first, &[("client_id", other)]),
        400,
        "invalid_grant",
        70_000,
    );
    is_refused(
        &refresh(&emulator, "made-up", &[secret]),
        400,
        "invalid_grant",
        70_000,
    );
    assert_eq!(refresh(&emulator, &first, &[secret]).status, 200);
}

#[test]
fn another_application_cannot_end_a_family() {
    let emulator = emulator(App::public("cli"));
    let first = sign_in(&emulator, "offline_access User.Read");
    let second = refresh_token(&refresh(&emulator, &first, &[]).json());
    let other = emulator.client_id_of("other").unwrap();
    is_refused(
        &refresh(&emulator, &first, &[("client_id", other)]),
        400,
        "invalid_grant",
        70_000,
    );
    assert_eq!(refresh(&emulator, &second, &[]).status, 200);
}

#[test]
fn tokens_end_by_time_and_by_revocation() {
    let emulator = emulator(App::public("cli"));
    let first = sign_in(&emulator, "offline_access User.Read");
    emulator.revoke_sessions("bob@contoso.test");
    let second = refresh_token(&refresh(&emulator, &first, &[]).json());
    emulator.revoke_sessions("ADA@contoso.test");
    is_refused(&refresh(&emulator, &second, &[]), 400, "invalid_grant", 50_173);
    let third = sign_in(&emulator, "offline_access User.Read");
    emulator.clock().advance(Duration::from_secs(91 * 86_400));
    is_refused(&refresh(&emulator, &third, &[]), 400, "invalid_grant", 700_082);
    let fourth = sign_in(&emulator, "offline_access User.Read");
    emulator.reset();
    is_refused(&refresh(&emulator, &fourth, &[]), 400, "invalid_grant", 70_000);
}
