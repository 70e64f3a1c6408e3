//! What the service refuses of a user's grant: a code, a refresh token, the token that a web service was called with.

use std::time::Duration;

use entra_identity::seam::HttpRequest;
use entra_identity::{
    AuthorizationCodeCredential, AuthorizationCodeCredentialBuilder, ErrorKind, OnBehalfOfCredential,
    TokenCredential,
};
use identity_emulator::{CodeRequest, UserTokenRequest};
use identity_testkit::{LeakGuard, leak_guard};
use serde_json::Value;

use super::refused::refused;
use super::{CLIENT, REDIRECT, SCOPE, Service, TENANT, USER_SCOPE, get, tampered};

const VERIFIER: &str = "a-verifier-that-has-forty-three-characters-at-least";

/// The code of a sign-in with a challenge.
fn code(guard: &LeakGuard, service: &Service) -> String {
    let wish = CodeRequest::new(REDIRECT)
        .scope("openid offline_access User.Read")
        .code_verifier(VERIFIER);
    let code = service.emulator.mint_code(&wish).unwrap();
    guard.know("code", code.as_str());
    code
}

fn redeeming(service: &Service, code: &str, redirect: &str) -> AuthorizationCodeCredentialBuilder {
    AuthorizationCodeCredential::builder(TENANT, CLIENT, code, redirect)
        .with_client_secret(service.secret.clone())
        .with_options(&service.options())
}

#[test]
fn a_wrong_verifier_and_a_missing_one() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let wrong = guard.secret("wrong verifier");
        let wrong = guard.know("long wrong verifier", format!("{}-{:-<43}", wrong.expose(), ""));
        let code = code(&guard, &service);
        let hint = "the challenge of this sign-in";
        let credential = redeeming(&service, &code, REDIRECT)
            .with_code_verifier(wrong)
            .build()
            .unwrap();
        let failed = ErrorKind::AuthenticationFailed;
        refused(&guard, &service, &credential, USER_SCOPE, (failed, 501_481, hint)).await;
        // The code is not sent again: whoever asks has to sign in anew.
        let error = get(&guard, &credential, USER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
        service.emulator.requests().token().exactly(1);

        let credential = redeeming(&service, &code, REDIRECT).build().unwrap();
        refused(&guard, &service, &credential, USER_SCOPE, (failed, 50_148, hint)).await;
    });
}

#[test]
fn a_code_that_was_redeemed_already() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let code = code(&guard, &service);
        let credential = || {
            redeeming(&service, &code, REDIRECT)
                .with_code_verifier(VERIFIER)
                .build()
                .unwrap()
        };
        get(&guard, &credential(), USER_SCOPE).await.unwrap();
        let replay = credential();
        let expected = (
            ErrorKind::AuthenticationRequired,
            54_005,
            "a code can be used once",
        );
        let error = refused(&guard, &service, &replay, USER_SCOPE, expected).await;
        assert!(error.scopes().is_some());
        service.emulator.requests().token().exactly(2);
    });
}

#[test]
fn a_code_of_another_redirect_and_one_that_is_too_old() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let code = code(&guard, &service);
        let elsewhere = redeeming(&service, &code, "https://elsewhere.test/").with_code_verifier(VERIFIER);
        let expected = (
            ErrorKind::AuthenticationFailed,
            500_112,
            "the redirect URI of the sign-in",
        );
        refused(
            &guard,
            &service,
            &elsewhere.build().unwrap(),
            USER_SCOPE,
            expected,
        )
        .await;
        service.emulator.clock().advance(Duration::from_secs(601));
        let late = redeeming(&service, &code, REDIRECT).with_code_verifier(VERIFIER);
        let expected = (ErrorKind::AuthenticationRequired, 70_008, "sign in again");
        refused(&guard, &service, &late.build().unwrap(), USER_SCOPE, expected).await;
    });
}

#[test]
fn a_refresh_token_after_somebody_else_used_an_earlier_one() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let code = code(&guard, &service);
        let builder = redeeming(&service, &code, REDIRECT).with_code_verifier(VERIFIER);
        let credential = builder.build().unwrap();
        for scope in [USER_SCOPE, SCOPE] {
            get(&guard, &credential, scope).await.unwrap();
        }
        // The one that the credential has traded already.
        let requests = service.emulator.requests();
        let used = requests.last().unwrap().form("refresh_token").unwrap().to_owned();
        guard.know("used refresh token", used.as_str());
        let (status, answer) = steal(&service, &used).await;
        assert_eq!(
            (status, &answer["error_codes"][0]),
            (400, &50_173.into()),
            "{answer}"
        );

        let expected = (ErrorKind::AuthenticationRequired, 50_173, "sign in again");
        let vault = "https://vault.azure.net/.default";
        let error = refused(&guard, &service, &credential, vault, expected).await;
        assert_eq!(error.suberror(), Some("bad_token"));
        // Tokens that were got before are still served.
        get(&guard, &credential, SCOPE).await.unwrap();
    });
}

/// Uses a refresh token without its owner's credential.
async fn steal(service: &Service, token: &str) -> (u16, Value) {
    let secret: String = service
        .secret
        .expose()
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let form = format!(
        "grant_type=refresh_token&client_id={CLIENT}&client_secret={secret}&refresh_token={token}&scope={USER_SCOPE}"
    );
    let url = service.emulator.token_endpoint().parse().unwrap();
    let request = HttpRequest::post_form(url, form.into_bytes().into());
    let answer = service.options().http().send(request).await.unwrap();
    (
        answer.status.as_u16(),
        serde_json::from_slice(&answer.body).unwrap(),
    )
}

#[test]
fn sessions_that_were_revoked() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let code = code(&guard, &service);
        let builder = redeeming(&service, &code, REDIRECT).with_code_verifier(VERIFIER);
        let credential = builder.build().unwrap();
        get(&guard, &credential, USER_SCOPE).await.unwrap();
        service.emulator.revoke_sessions("ada@contoso.test");
        let expected = (ErrorKind::AuthenticationRequired, 50_173, "sign in again");
        refused(&guard, &service, &credential, SCOPE, expected).await;
    });
}

#[test]
fn a_users_token_that_is_not_good_for_the_web_service() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let emulator = &service.emulator;
        let mint = |api: &str| emulator.mint_user_token(&UserTokenRequest::new(api)).unwrap();
        let good = mint(CLIENT);
        let credential = |user: &str| {
            guard.know("user assertion", user);
            let builder = OnBehalfOfCredential::builder(TENANT, CLIENT)
                .with_client_secret(service.secret.clone())
                .with_options(&service.options());
            builder.build(user).unwrap()
        };
        let failed = ErrorKind::AuthenticationFailed;
        for (user, code, hint) in [
            (tampered(&good), 50_013, "unchanged"),
            (
                mint("https://graph.microsoft.com"),
                500_131,
                "audience is this application",
            ),
        ] {
            refused(
                &guard,
                &service,
                &credential(&user),
                USER_SCOPE,
                (failed, code, hint),
            )
            .await;
        }
        let late = credential(&good);
        get(&guard, &late, USER_SCOPE).await.unwrap();
        emulator.clock().advance(Duration::from_secs(3601));
        let expected = (
            ErrorKind::AuthenticationRequired,
            500_133,
            "have the caller get a new token",
        );
        refused(&guard, &service, &late, SCOPE, expected).await;
        assert!(late.name().starts_with("OnBehalfOf"));
    });
}
