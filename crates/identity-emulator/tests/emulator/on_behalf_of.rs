//! On behalf of a user: the assertion is verified as an API would verify it.

use std::time::Duration;

use crate::jwt::{Signer, Style, now, part, tampered};
use crate::support::{Reply, builder, is_refused, post, token_path};
use identity_emulator::{App, Emulator, TokenVersion, User, UserTokenRequest};
use serde_json::{Value, json};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn emulator() -> Emulator {
    builder()
        .app(
            App::confidential("api")
                .secret("s3cret")
                .identifier_uri("api://orders"),
        )
        .app(App::public("cli"))
        .start_blocking()
        .unwrap()
}

fn exchange(emulator: &Emulator, assertion: &str, more: &[(&str, &str)]) -> Reply {
    let mut form = vec![
        ("grant_type", GRANT),
        ("client_id", emulator.client_id()),
        ("client_secret", "s3cret"),
        ("assertion", assertion),
        ("requested_token_use", "on_behalf_of"),
        ("scope", "https://graph.microsoft.com/User.Read"),
    ];
    form.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    form.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    post(emulator, &token_path(emulator), &form)
}

fn users_token(emulator: &Emulator, api: &str) -> String {
    emulator
        .mint_user_token(&UserTokenRequest::new(api).user(User::new("bob@contoso.test").display_name("Bob")))
        .unwrap()
}

fn claims(jwt: &Value) -> Value {
    part(jwt.as_str().unwrap().split('.').nth(1).unwrap())
}

#[test]
fn a_users_token_is_traded_for_one_to_the_next_api() {
    let emulator = emulator();
    let api = emulator.client_id();
    for audience in [api.to_owned(), format!("api://{api}"), "api://orders".to_owned()] {
        let assertion = users_token(&emulator, &audience);
        let reply = exchange(&emulator, &assertion, &[("client_info", "1")]);
        assert_eq!(reply.status, 200, "{audience}: {}", reply.json());
        let body = reply.json();
        let access = claims(&body["access_token"]);
        for (name, value) in [
            ("upn", "bob@contoso.test"),
            ("name", "Bob"),
            ("oid", User::new("bob@contoso.test").object_id()),
            ("scp", "User.Read"),
            ("appid", api),
            ("aud", "https://graph.microsoft.com"),
        ] {
            assert_eq!(access[name], value, "{name}");
        }
        assert!(body.get("refresh_token").is_none() && body["client_info"].is_string());
    }
    let more = [(
        "scope",
        "https://graph.microsoft.com/User.Read openid offline_access",
    )];
    let body = exchange(&emulator, &users_token(&emulator, api), &more).json();
    assert_eq!(
        claims(&body["id_token"])["preferred_username"],
        "bob@contoso.test"
    );
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", api),
        ("client_secret", "s3cret"),
        ("refresh_token", body["refresh_token"].as_str().unwrap()),
        ("scope", "https://vault.azure.net/.default"),
    ];
    let refreshed = post(&emulator, &token_path(&emulator), &form).json();
    assert_eq!(claims(&refreshed["access_token"])["upn"], "bob@contoso.test");
}

#[test]
fn the_assertion_has_to_be_a_good_token_for_this_application() {
    let emulator = emulator();
    let api = emulator.client_id();
    let good = users_token(&emulator, api);
    let body = is_refused(
        &exchange(&emulator, &tampered(&good), &[]),
        400,
        "invalid_grant",
        50_013,
    );
    assert!(
        body["error_description"]
            .as_str()
            .unwrap()
            .contains("did not match")
    );
    let stranger = Signer::stranger().sign(
        &json!({"alg": "RS256", "kid": "k"}),
        &json!({"aud": api, "scp": "x", "exp": now() + 60}),
        Style::Unpadded,
    );
    let body = is_refused(&exchange(&emulator, &stranger, &[]), 400, "invalid_grant", 50_013);
    assert!(body["error_description"].as_str().unwrap().contains("not found"));
    let other = users_token(&emulator, "https://graph.microsoft.com");
    let body = is_refused(&exchange(&emulator, &other, &[]), 400, "invalid_grant", 500_131);
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.contains("'https://graph.microsoft.com'") && description.contains(api),
        "{description}"
    );
    is_refused(&exchange(&emulator, "opaque", &[]), 401, "invalid_client", 50_027);
    // A service's own token stands for nobody.
    let services = emulator
        .forge_token(&json!({"aud": api, "idtyp": "app", "exp": now() + 60}))
        .unwrap();
    is_refused(
        &exchange(&emulator, &services, &[]),
        400,
        "unauthorized_client",
        7_000_114,
    );
    let early = emulator
        .forge_token(&json!({"aud": api, "scp": "x", "nbf": now() + 600, "exp": now() + 900}))
        .unwrap();
    is_refused(&exchange(&emulator, &early, &[]), 400, "invalid_grant", 500_133);
    emulator.clock().advance(Duration::from_secs(3600));
    is_refused(&exchange(&emulator, &good, &[]), 400, "invalid_grant", 500_133);
}

#[test]
fn the_request_has_to_be_complete_and_from_a_confidential_application() {
    let emulator = emulator();
    let good = users_token(&emulator, emulator.client_id());
    for field in ["requested_token_use", "assertion", "scope"] {
        let body = is_refused(
            &exchange(&emulator, &good, &[(field, "")]),
            400,
            "invalid_request",
            900_144,
        );
        assert!(body["error_description"].as_str().unwrap().contains(field));
    }
    let wrong = exchange(&emulator, &good, &[("requested_token_use", "logon_cert")]);
    is_refused(&wrong, 400, "invalid_grant", 70_000);
    is_refused(
        &exchange(&emulator, &good, &[("client_secret", "wrong")]),
        401,
        "invalid_client",
        7_000_215,
    );
    is_refused(
        &exchange(&emulator, &good, &[("client_secret", "")]),
        401,
        "invalid_client",
        7_000_218,
    );
    let public = emulator.client_id_of("cli").unwrap();
    is_refused(
        &exchange(&emulator, &good, &[("client_id", public)]),
        401,
        "invalid_client",
        700_025,
    );
}

#[test]
fn version_one_tokens_are_taken_as_well() {
    let app = App::confidential("api")
        .secret("s3cret")
        .token_version(TokenVersion::V1);
    let emulator = builder().app(app).start_blocking().unwrap();
    let assertion = users_token(&emulator, &format!("api://{}", emulator.client_id()));
    let reply = exchange(&emulator, &assertion, &[]);
    assert_eq!(claims(&reply.json()["access_token"])["upn"], "bob@contoso.test");
}
