//! `OnBehalfOfCredential` and `OnBehalfOfCredentials`.

mod many;

use std::time::Duration;

use identity_base::{Error, ErrorKind, Secret, TokenCredential, TokenRequest};
use identity_confidential::{
    AssertionSource, ClientCertificate, OnBehalfOfCredential, OnBehalfOfCredentialBuilder,
};
use identity_runtime::crypto::{base64url, decode_base64};
use identity_testkit::{Gate, HttpStep, TestClock};
use serde_json::{Value, json};

use crate::openssl::Lab;
use crate::world::{CLIENT, OTHER_TENANT, PATH, TENANT, World, fields, run, run_at};

const SCOPE: &str = "https://graph.microsoft.com/User.Read";
const OTHER_SCOPE: &str = "https://graph.microsoft.com/Mail.Read";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn builder(world: &World) -> OnBehalfOfCredentialBuilder {
    OnBehalfOfCredential::builder(TENANT, CLIENT).with_options(&world.options())
}

/// A credential with a secret, for a user assertion of its own.
fn credential(world: &World) -> OnBehalfOfCredential {
    let secret = world.guard.secret_with_symbols("client_secret");
    builder(world)
        .with_client_secret(secret)
        .with_additionally_allowed_tenants([OTHER_TENANT])
        .build(world.guard.secret("assertion"))
        .unwrap()
}

fn client_info(user: &str) -> String {
    base64url(json!({"uid": user, "utid": TENANT}).to_string().as_bytes())
}

/// The next answer: a token for `user`, with a refresh token where it has a name.
fn answer(world: &World, name: &str, user: &str, refresh: Option<&str>) -> (String, Option<String>) {
    let token = world.guard.secret(name).expose().to_owned();
    let mut body = json!({
        "token_type": "Bearer", "expires_in": 3599, "access_token": token, "client_info": client_info(user),
    });
    let refresh = refresh.map(|name| world.guard.secret(name).expose().to_owned());
    if let Some(refresh) = &refresh {
        body["refresh_token"] = json!(refresh);
    }
    world.http.push(HttpStep::json(200, &body));
    (token, refresh)
}

fn grant(world: &World, number: usize) -> String {
    world.form(number)["grant_type"].clone()
}

#[test]
fn the_request_with_a_secret_is_the_peers() {
    run(async |world| {
        let (secret, assertion) = (
            world.guard.secret("client_secret"),
            world.guard.secret("assertion"),
        );
        let credential = builder(world)
            .with_client_secret(secret.clone())
            .build(assertion.clone())
            .unwrap();
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        let expected = fields([
            ("assertion", assertion.expose()),
            ("client_id", CLIENT),
            ("client_info", "1"),
            ("client_secret", secret.expose()),
            ("grant_type", GRANT),
            ("requested_token_use", "on_behalf_of"),
            ("scope", SCOPE),
        ]);
        assert_eq!((world.request(0).path(), world.form(0)), (PATH, expected));
        assert_eq!(world.http.calls(), 1);
    });
}

#[test]
fn a_certificate_signs_for_the_tenant_that_is_asked() {
    let certificate =
        ClientCertificate::from_bytes(&Lab::get().join(&["key.pem", "cert.pem"]), None).unwrap();
    let clock = TestClock::at(certificate.not_before() + Duration::from_secs(60));
    run_at(clock, async |world| {
        let credential = builder(world)
            .with_certificate(certificate.clone())
            .with_additionally_allowed_tenants([OTHER_TENANT])
            .build(world.guard.secret("assertion"))
            .unwrap();
        world.answer("own");
        world.answer("other");
        world.token(&credential, SCOPE).await.unwrap();
        credential
            .get_token_with(TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT))
            .await
            .unwrap();
        for (number, tenant) in [(0, TENANT), (1, OTHER_TENANT)] {
            let assertion = world.form(number).remove("client_assertion").unwrap();
            let claims = decode_base64(assertion.split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            assert_eq!(
                claims["aud"],
                format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
            );
            assert_eq!(claims["aud"], world.request(number).url());
        }
    });
}

#[test]
fn an_assertion_of_the_application_is_asked_for_each_request_and_not_on_a_hit() {
    run(async |world| {
        let source = AssertionSource::from_fn(|| Ok(Secret::new("application")));
        let credential = builder(world)
            .with_client_assertion(source)
            .build(world.guard.secret("assertion"))
            .unwrap();
        world.answer("token");
        world.token(&credential, SCOPE).await.unwrap();
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(world.form(0)["client_assertion"], "application");
    });
}

#[test]
fn the_refresh_token_serves_other_scopes_and_renewal() {
    run(async |world| {
        let credential = credential(world);
        let (_, first) = answer(world, "1", "user", Some("refresh 1"));
        let (token, second) = answer(world, "2", "user", Some("refresh 2"));
        let (renewed, _) = answer(world, "3", "user", None);
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(world.token(&credential, OTHER_SCOPE).await.unwrap(), token);
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), renewed);
        assert_eq!(
            [0, 1, 2].map(|number| grant(world, number)),
            [GRANT, "refresh_token", "refresh_token"]
        );
        assert_eq!(world.form(1)["refresh_token"], first.unwrap());
        assert_eq!(world.form(1)["client_info"], "1");
        assert!(world.form(1).contains_key("client_secret"));
        assert_eq!(world.form(2)["refresh_token"], second.clone().unwrap(), "rotated");
        // The answer without a new one leaves the last.
        world.clock.advance(Duration::from_secs(3600));
        answer(world, "4", "user", None);
        world.token(&credential, SCOPE).await.unwrap();
        assert_eq!(world.form(3)["refresh_token"], second.unwrap());
    });
}

#[test]
fn tenants_and_continuous_access_evaluation_have_their_own_refresh_tokens() {
    run(async |world| {
        let credential = credential(world);
        answer(world, "1", "user", Some("refresh 1"));
        world.token(&credential, SCOPE).await.unwrap();
        for request in [
            TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT),
            TokenRequest::new(SCOPE).enable_cae(true),
        ] {
            answer(world, "other", "user", None);
            credential.get_token_with(request).await.unwrap();
        }
        assert_eq!([0, 1, 2].map(|number| grant(world, number)), [GRANT; 3]);
    });
}

#[test]
fn a_refused_refresh_token_leads_back_to_the_assertion() {
    run(async |world| {
        let credential = credential(world);
        answer(world, "1", "user", Some("refresh"));
        world.token(&credential, SCOPE).await.unwrap();
        world.refuse("invalid_grant", 70_043);
        let (token, _) = answer(world, "2", "user", None);
        assert_eq!(world.token(&credential, OTHER_SCOPE).await.unwrap(), token);
        let (third, _) = answer(world, "3", "user", None);
        assert_eq!(
            world.token(&credential, "api://third/.default").await.unwrap(),
            third
        );
        assert_eq!(
            [1, 2, 3].map(|number| grant(world, number)),
            ["refresh_token", GRANT, GRANT]
        );
    });
}

#[test]
fn a_refresh_token_survives_failures_of_the_network() {
    run(async |world| {
        let credential = credential(world);
        answer(world, "1", "user", Some("refresh"));
        world.token(&credential, SCOPE).await.unwrap();
        world.http.push(HttpStep::status(503));
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        world.clock.advance(Duration::from_secs(60));
        answer(world, "2", "user", None);
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(
            [1, 2].map(|number| grant(world, number)),
            ["refresh_token"; 2],
            "never blindly repeated, and kept"
        );
    });
}

#[test]
fn a_refresh_token_is_used_by_one_request_at_a_time() {
    run(async |world| {
        let credential = credential(world);
        answer(world, "1", "user", Some("refresh"));
        world.token(&credential, SCOPE).await.unwrap();
        // The first of the two is answered late, so both are under way at once.
        let gate = Gate::closed();
        world.http.push(HttpStep::token("second", 3599).at(&gate));
        answer(world, "3", "user", None);
        let [second, third] = ["api://2/.default", "api://3/.default"].map(|scope| {
            let credential = credential.clone();
            tokio::spawn(async move { credential.get_token(&[scope]).await })
        });
        third.await.unwrap().unwrap();
        gate.open();
        second.await.unwrap().unwrap();
        let mut grants = [1, 2].map(|number| grant(world, number));
        grants.sort();
        assert_eq!(
            grants,
            ["refresh_token", GRANT],
            "the other request used the assertion"
        );
    });
}

#[test]
fn a_sign_in_that_is_required_says_for_what() {
    run(async |world| {
        let body = json!({
            "error": "interaction_required", "error_description": "AADSTS50076: no.", "error_codes": [50_076],
            "claims": "{\"access_token\":{\"polids\":{}}}",
        });
        world.http.push(HttpStep::json(400, &body));
        let error = world.token(&credential(world), SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
        assert_eq!(error.scopes().unwrap().joined(), SCOPE);
        assert!(error.claims().unwrap().contains("polids"));
    });
}

#[test]
fn an_answer_for_another_user_is_refused() {
    run(async |world| {
        let credential = credential(world);
        answer(world, "1", "alice", None);
        world.token(&credential, SCOPE).await.unwrap();
        answer(world, "2", "mallory", Some("refresh"));
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityMismatch);
        world.clock.advance(Duration::from_secs(60));
        answer(world, "3", "alice", None);
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(
            grant(world, 2),
            GRANT,
            "the other user's refresh token was not kept"
        );
    });
}

#[test]
fn two_users_interleaved_never_get_each_others_tokens() {
    run(async |world| {
        drop(world.http.clone().respond_with(|_, request| {
            let assertion = request.form_value("assertion").unwrap_or_default();
            let scope = request.form_value("scope").unwrap_or_default();
            HttpStep::token(&format!("{assertion}-{}", scope.len()), 3599)
        }));
        let users = builder(world)
            .with_client_secret(world.guard.secret("client_secret"))
            .build_for_many()
            .unwrap();
        for round in 0..5000usize {
            for user in ["alice", "bob"] {
                let scope = format!("api://{}/.default", "x".repeat(1 + round % 7));
                let token = users.for_user(user).unwrap().get_token(&[&scope]).await.unwrap();
                assert_eq!(token.secret(), format!("{user}-{}", scope.len()));
            }
        }
        assert_eq!(
            (users.len(), world.http.calls()),
            (2, 14),
            "each user's tokens are kept"
        );
    });
}

#[test]
fn a_renewed_assertion_is_another_user_to_the_cache() {
    run(async |world| {
        let users = builder(world)
            .with_client_secret(world.guard.secret("secret"))
            .build_for_many()
            .unwrap();
        assert!(users.is_empty());
        let (first, second) = (world.guard.secret("first"), world.guard.secret("second"));
        let tokens = [world.answer("1"), world.answer("2")];
        for (assertion, token) in [(&first, &tokens[0]), (&second, &tokens[1]), (&first, &tokens[0])] {
            let credential = users.for_user(assertion.clone()).unwrap();
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), *token);
        }
        world.guard.check(&users);
        assert_eq!(users.len(), 2);
    });
}

#[test]
fn only_so_many_users_are_kept() {
    run(async |world| {
        let users = builder(world)
            .with_client_secret(world.guard.secret("secret"))
            .build_for_many()
            .unwrap();
        for number in 0..10_001 {
            users.for_user(format!("user {number}")).unwrap();
            users.for_user("the one who comes often").unwrap();
            assert!(users.len() <= 10_000);
        }
        world.answer("token");
        let often = users.for_user("the one who comes often").unwrap();
        world.token(&often, SCOPE).await.unwrap();
    });
}

#[test]
fn exactly_one_proof_and_an_assertion_are_needed() {
    run(async |world| {
        let source = || AssertionSource::from_fn(|| Err(Error::unavailable("never called")));
        let invalid = |result: Result<OnBehalfOfCredential, Error>, part: &str| {
            let error = result.map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(error.message().contains(part), "{error}");
            assert_eq!(error.credential(), Some("OnBehalfOfCredential"));
        };
        let lab = Lab::get();
        let certificate = ClientCertificate::from_bytes(&lab.join(&["key.pem", "cert.pem"]), None).unwrap();
        invalid(builder(world).build("a"), "neither a client secret");
        invalid(
            builder(world)
                .with_client_secret("s")
                .with_client_assertion(source())
                .build("a"),
            "more than one",
        );
        invalid(
            builder(world)
                .with_client_secret("s")
                .with_certificate(certificate.clone())
                .build("a"),
            "more than one",
        );
        invalid(
            builder(world)
                .with_certificate(certificate)
                .with_client_assertion(source())
                .build("a"),
            "more than one",
        );
        invalid(
            builder(world).with_client_secret("s").build(""),
            "the user assertion is empty",
        );
        invalid(
            builder(world).with_client_secret("").build("a"),
            "the client secret is empty",
        );
        world.files.put("/cert.pem", lab.read("cert.pem"));
        invalid(
            builder(world).with_certificate_path("/cert.pem").build("a"),
            "no private key",
        );
        let tenant = OnBehalfOfCredential::builder("a/b", CLIENT).with_client_secret("s");
        invalid(tenant.build("a"), "is not a tenant");
        assert!(OnBehalfOfCredential::new(TENANT, CLIENT, "s", "a").is_ok());
    });
}
