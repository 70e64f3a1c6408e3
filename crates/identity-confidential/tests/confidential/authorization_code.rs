//! `AuthorizationCodeCredential`.

use std::time::Duration;

use identity_base::seam::HttpErrorKind;
use identity_base::{ErrorKind, TokenCredential, TokenRequest};
use identity_confidential::{AuthorizationCodeCredential, AuthorizationCodeCredentialBuilder};
use identity_runtime::crypto::base64url;
use identity_testkit::HttpStep;
use serde_json::json;

use crate::world::{CLIENT, OTHER_TENANT, PATH, TENANT, World, fields, run};

const SCOPE: &str = "https://graph.microsoft.com/User.Read";
const OTHER_SCOPE: &str = "https://graph.microsoft.com/Mail.Read";
const REDIRECT: &str = "https://app.contoso.com/signed-in";

fn builder(world: &World) -> AuthorizationCodeCredentialBuilder {
    AuthorizationCodeCredential::builder(TENANT, CLIENT, world.guard.secret("code"), REDIRECT)
        .with_options(&world.options())
}

/// The next answer: a token for `user`, with a refresh token where it has a name.
fn answer(world: &World, name: &str, user: &str, refresh: Option<&str>) -> (String, String) {
    let token = world.guard.secret(name).expose().to_owned();
    let info = base64url(json!({"uid": user, "utid": TENANT}).to_string().as_bytes());
    let mut body = json!({"expires_in": 3599, "access_token": token, "client_info": info});
    let refresh = refresh
        .map(|name| world.guard.secret(name).expose().to_owned())
        .unwrap_or_default();
    if !refresh.is_empty() {
        body["refresh_token"] = json!(refresh);
    }
    world.http.push(HttpStep::json(200, &body));
    (token, refresh)
}

#[test]
fn the_request_is_the_peers() {
    run(async |world| {
        let code = world.guard.secret("code");
        let credential = AuthorizationCodeCredential::builder(TENANT, CLIENT, code.clone(), REDIRECT)
            .with_options(&world.options())
            .build()
            .unwrap();
        let (token, _) = answer(world, "token", "user", None);
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        let expected = fields([
            ("client_id", CLIENT),
            ("client_info", "1"),
            ("code", code.expose()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", REDIRECT),
            ("scope", SCOPE),
        ]);
        assert_eq!((world.request(0).path(), world.form(0)), (PATH, expected));
        assert_eq!(credential.name(), "AuthorizationCodeCredential");
    });
}

#[test]
fn secret_and_verifier_go_along() {
    run(async |world| {
        let (secret, verifier) = (
            world.guard.secret("client_secret"),
            world.guard.secret("verifier"),
        );
        let builder = builder(world)
            .with_client_secret(secret.clone())
            .with_code_verifier(verifier.clone());
        world.guard.check(&builder);
        let credential = builder.build().unwrap();
        answer(world, "1", "user", Some("refresh"));
        answer(world, "2", "user", None);
        world.token(&credential, SCOPE).await.unwrap();
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(world.form(0)["client_secret"], secret.expose());
        assert_eq!(world.form(0)["code_verifier"], verifier.expose());
        assert_eq!(world.form(1)["client_secret"], secret.expose());
        assert!(!world.form(1).contains_key("code_verifier"));
    });
}

#[test]
fn the_code_is_used_once_then_the_refresh_token_for_any_scope_and_tenant() {
    run(async |world| {
        let credential = builder(world)
            .with_additionally_allowed_tenants([OTHER_TENANT])
            .build()
            .unwrap();
        let (_, first) = answer(world, "1", "user", Some("refresh 1"));
        let (_, second) = answer(world, "2", "user", Some("refresh 2"));
        answer(world, "3", "user", None);
        answer(world, "4", "user", None);
        world.token(&credential, SCOPE).await.unwrap();
        world.token(&credential, SCOPE).await.unwrap();
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        credential
            .get_token_with(TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT))
            .await
            .unwrap();
        world.clock.advance(Duration::from_secs(3600));
        world.token(&credential, SCOPE).await.unwrap();
        let sent: Vec<_> = (1..4)
            .map(|number| world.form(number)["refresh_token"].clone())
            .collect();
        assert_eq!(sent, [first, second.clone(), second]);
        assert_eq!(
            world.request(2).path(),
            format!("/{OTHER_TENANT}/oauth2/v2.0/token")
        );
        assert!((1..4).all(|number| world.form(number)["grant_type"] == "refresh_token"));
    });
}

#[test]
fn concurrent_requests_for_different_scopes_redeem_the_code_once() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        answer(world, "1", "user", Some("refresh"));
        for number in 2..10 {
            answer(world, &number.to_string(), "user", None);
        }
        let tasks: Vec<_> = (0..9)
            .map(|number| {
                let credential = credential.clone();
                tokio::spawn(
                    async move { credential.get_token(&[&format!("api://{number}/.default")]).await },
                )
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let redemptions = (0..9)
            .filter(|number| world.form(*number).contains_key("code"))
            .count();
        assert_eq!((redemptions, world.http.most_at_once()), (1, 1));
    });
}

#[test]
fn without_a_refresh_token_the_user_has_to_sign_in_again() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        answer(world, "1", "user", None);
        world.token(&credential, SCOPE).await.unwrap();
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
        assert_eq!(error.scopes().unwrap().joined(), OTHER_SCOPE);
        assert!(error.hint().unwrap().contains("offline_access"));
        assert_eq!(world.http.calls(), 1);
    });
}

#[test]
fn a_refused_code_is_not_sent_again() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.refuse("invalid_grant", 54_005);
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (ErrorKind::AuthenticationRequired, Some(54_005))
        );
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
        assert_eq!(world.http.calls(), 1);
    });
}

#[test]
fn a_code_whose_answer_was_lost_is_not_sent_again() {
    for kind in [HttpErrorKind::Reset, HttpErrorKind::Timeout] {
        run(async |world| {
            let credential = builder(world).build().unwrap();
            world.http.push(HttpStep::fails_after_sending(kind));
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
            assert_eq!(world.http.calls(), 1);
        });
    }
}

#[test]
fn a_code_whose_answer_can_not_be_read_is_not_sent_again() {
    for step in [
        HttpStep::status(200),
        HttpStep::json(200, &serde_json::json!({})),
        HttpStep::json(200, &serde_json::json!({"access_token": "t", "expires_in": -1})),
        HttpStep::fails_after_sending(HttpErrorKind::TooLarge),
    ] {
        run(async |world| {
            let credential = builder(world).build().unwrap();
            world.http.push(step.clone());
            world.token(&credential, SCOPE).await.unwrap_err();
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
            assert_eq!(world.http.calls(), 1);
        });
    }
}

#[test]
fn a_code_that_was_not_sent_or_not_looked_at_stays_good() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world
            .http
            .push(HttpStep::fails_before_sending(HttpErrorKind::Connect));
        world.refuse("invalid_client", 7_000_215);
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.aadsts(), Some(7_000_215), "what wasn't sent is tried again");
        let (token, _) = answer(world, "token", "user", None);
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
    });
}

#[test]
fn an_answer_for_another_user_is_refused() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        let (_, refresh) = answer(world, "1", "alice", Some("refresh"));
        world.token(&credential, SCOPE).await.unwrap();
        answer(world, "2", "mallory", Some("other"));
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityMismatch);
        answer(world, "3", "alice", None);
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(world.form(2)["refresh_token"], refresh);
    });
}

#[test]
fn wrong_settings_fail_in_build() {
    run(async |world| {
        let code = world.guard.secret("code");
        let build = |code: &str, redirect: &str| {
            let builder = AuthorizationCodeCredential::builder(TENANT, CLIENT, code, redirect);
            builder
                .with_options(&world.options())
                .build()
                .map(|_| ())
                .unwrap_err()
        };
        for (error, part) in [
            (build("", REDIRECT), "the authorization code is empty"),
            (build(code.expose(), ""), "the redirect URI is empty"),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
            assert!(
                error.message().contains(part) && error.hint().is_some(),
                "{error}"
            );
        }
        assert!(AuthorizationCodeCredential::new("a/b", CLIENT, code.clone(), REDIRECT).is_err());
        assert!(AuthorizationCodeCredential::new(TENANT, CLIENT, code, REDIRECT).is_ok());
    });
}
