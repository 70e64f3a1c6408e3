//! `DeviceCodeCredential`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use identity_base::seam::HttpErrorKind;
use identity_base::{Authority, ErrorKind, TokenCredential, TokenRequest};
use identity_interactive::{DeviceCodeCredential, DeviceCodeCredentialBuilder, DeviceCodePrompt};
use identity_testkit::{HttpStep, TestClock, leak_guard};
use serde_json::json;

use crate::answers::{Answer, device_code, refusal};
use crate::world::{CLIENT, OTHER_USER, SCOPE, TENANT, USER, World, run};

fn builder(world: &World) -> DeviceCodeCredentialBuilder {
    DeviceCodeCredential::builder()
        .with_options(&world.options())
        .with_tenant_id(TENANT)
        .with_client_id(CLIENT)
        .with_prompt(|_| ())
}

#[test]
fn a_person_is_told_and_waited_for() {
    run(async |world| {
        let shown = Arc::new(Mutex::new(Vec::<DeviceCodePrompt>::new()));
        let show = Arc::clone(&shown);
        let credential = builder(world)
            .with_prompt(move |prompt| show.lock().unwrap().push(prompt.clone()))
            .build()
            .unwrap();
        world.http.push(device_code(world, 900, 3));
        world.http.push(refusal("authorization_pending"));
        world.http.push(refusal("slow_down"));
        world.http.push(refusal("authorization_pending"));
        let answer = Answer::new(world, "token", "refresh");
        world.http.push(answer.step());
        let begun = world.clock.wall();
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
        let took = world.clock.wall().duration_since(begun).unwrap();
        assert_eq!(
            took,
            Duration::from_secs(3 + 3 + 8 + 8),
            "the pause grows by 5 s for good"
        );
        let shown = shown.lock().unwrap().clone();
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].verification_uri(), "https://microsoft.com/devicelogin");
        assert_eq!(shown[0].user_code(), "ABCD1234");
        assert_eq!(shown[0].expires_on(), begun + Duration::from_secs(900));
        assert!(
            !shown[0].message().contains("service"),
            "the service's text is never shown"
        );
        let record = credential.authentication_record().unwrap();
        assert_eq!(record.username(), "user@contoso.test");
        assert_eq!(record.home_account_id(), format!("{USER}.{TENANT}"));
        assert_eq!(
            world.token(&credential, SCOPE).await.unwrap(),
            answer.token(),
            "cached"
        );
    });
}

#[test]
fn claims_and_capability_go_with_both_requests() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.http.push(device_code(world, 900, 1));
        world.http.push(Answer::new(world, "token", "refresh").step());
        let request = TokenRequest::new(SCOPE)
            .claims(r#"{"access_token":{"nbf":{"essential":true}}}"#)
            .enable_cae(true);
        world.token_with(&credential, request).await.unwrap();
        let merged = r#"{"access_token": {"nbf": {"essential": true}, "xms_cc": {"values": ["CP1"]}}}"#;
        assert_eq!(world.form(0)["claims"], merged);
        assert_eq!(world.form(1)["claims"], merged);
        assert_eq!(
            world.form(0)["scope"],
            format!("{SCOPE} offline_access openid profile")
        );
        assert!(!world.form(1).contains_key("scope") && !world.form(0).contains_key("grant_type"));
        let id = |index: usize| {
            world
                .request(index)
                .header("client-request-id")
                .map(str::to_owned)
        };
        assert!(id(0).is_some() && id(0) == id(1), "one id for the whole sign-in");
    });
}

#[test]
fn refusals_end_the_wait() {
    for (code, hint) in [
        ("authorization_declined", "declined"),
        ("expired_token", "expires"),
        ("bad_verification_code", "again"),
        ("invalid_client", ""),
    ] {
        run(async |world| {
            let credential = builder(world).build().unwrap();
            world.http.push(device_code(world, 900, 1));
            world.http.push(refusal(code));
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::AuthenticationFailed, Some(code))
            );
            assert!(error.hint().unwrap_or_default().contains(hint), "{error}");
        });
    }
}

#[test]
fn who_was_asked_already_is_not_told_to_sign_in() {
    // The numbers that the service gives for these: each of them would otherwise ask for a sign-in.
    for (code, number, hint) in [
        ("authorization_declined", 65004, "declined"),
        ("access_denied", 65004, "declined"),
        ("expired_token", 70019, "expires"),
        ("code_expired", 70019, "expires"),
        ("bad_verification_code", 70018, "again"),
    ] {
        run(async |world| {
            let credential = builder(world).build().unwrap();
            world.http.push(device_code(world, 900, 1));
            let description = format!("AADSTS{number}: no");
            let body = json!({"error": code, "error_codes": [number], "error_description": description});
            world.http.push(HttpStep::json(400, &body));
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
            assert_eq!((error.code(), error.aadsts()), (Some(code), Some(number)));
            assert!(error.hint().unwrap().contains(hint), "{error:?}");
        });
    }
    // What more steps would solve is another matter: the caller gets to know which.
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.http.push(device_code(world, 900, 1));
        let wanted = r#"{"access_token":{"acrs":{"essential":true}}}"#;
        let body = json!({"error": "interaction_required", "error_codes": [50076], "claims": wanted});
        world.http.push(HttpStep::json(400, &body));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.claims()),
            (ErrorKind::AuthenticationRequired, Some(wanted))
        );
    });
}

#[test]
fn the_wait_ends_with_the_code_or_the_timeout() {
    for (timeout, seconds) in [(None, 60), (Some(20), 20), (Some(9999), 60)] {
        run(async |world| {
            let mut builder = builder(world);
            if let Some(timeout) = timeout {
                builder = builder.with_timeout(Duration::from_secs(timeout));
            }
            let credential = builder.build().unwrap();
            let first = device_code(world, 60, 5);
            let http = world.http.clone().respond_with(move |number, _| match number {
                1 => first.clone(),
                _ => refusal("authorization_pending"),
            });
            let begun = world.clock.wall();
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            assert!(!error.is_transient());
            assert_eq!(
                world.clock.wall().duration_since(begun).unwrap().as_secs(),
                seconds
            );
            assert!(http.calls() > 2);
        });
    }
}

#[test]
fn a_network_that_is_down_for_a_while_is_sat_out() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.http.push(device_code(world, 900, 5));
        for _ in 0..4 {
            world
                .http
                .push(HttpStep::fails_before_sending(HttpErrorKind::Connect));
        }
        world.http.push(HttpStep::status(503));
        for _ in 0..3 {
            world.http.push(HttpStep::status(502));
        }
        world.http.push(refusal("authorization_pending"));
        let answer = Answer::new(world, "token", "refresh");
        world.http.push(answer.step());
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
    });
}

#[test]
fn a_wait_beyond_the_codes_life_fails_at_once() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.http.push(device_code(world, 900, 5));
        world
            .http
            .push(HttpStep::status(429).header("retry-after", "3600"));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.retry_after()),
            (ErrorKind::Throttled, Some(Duration::from_secs(3600))),
            "{error}"
        );
        assert_eq!(world.http.calls(), 2);
    });
}

#[test]
fn a_token_whose_answer_was_lost_is_not_called_a_refusal() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.http.push(device_code(world, 900, 5));
        world
            .http
            .push(HttpStep::fails_after_sending(HttpErrorKind::Reset));
        world.http.push(refusal("invalid_grant"));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    });
}

#[test]
fn leaving_ends_the_sign_in_at_once() {
    let clock = TestClock::new();
    leak_guard::run(async |guard| {
        let world = World::new(clock, &guard);
        let credential = builder(&world).build().unwrap();
        world.http.push(device_code(&world, 900, 5));
        let task = {
            let credential = credential.clone();
            tokio::spawn(async move { credential.get_token(&[SCOPE]).await.map(drop) })
        };
        world.http.sent(1).await;
        world.clock.sleepers(2).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(world.clock.sleeping(), 0, "nothing waits any more");
        // The next caller begins a sign-in of its own.
        world.http.push(device_code(&world, 900, 5));
        let answer = Answer::new(&world, "token", "refresh");
        world.http.push(answer.step());
        let second = tokio::spawn(async move {
            credential
                .get_token(&[SCOPE])
                .await
                .map(|t| t.secret().to_owned())
        });
        world.http.sent(2).await;
        world.clock.sleepers(2).await;
        world.clock.advance(Duration::from_secs(5));
        assert_eq!(second.await.unwrap().unwrap(), answer.token());
    });
}

#[test]
fn nobody_is_asked_twice_at_once() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.http.push(device_code(world, 900, 5));
        let answer = Answer::new(world, "first", "refresh");
        world.http.push(answer.step());
        let second = Answer::new(world, "second", "refresh2");
        world.http.push(second.step());
        let (one, other) = (
            credential.get_token(&[SCOPE]),
            credential.get_token(&["https://graph.microsoft.com/Mail.Read"]),
        );
        let (one, other) = tokio::join!(one, other);
        assert_eq!(one.unwrap().secret(), answer.token());
        assert_eq!(
            other.unwrap().secret(),
            second.token(),
            "by the refresh token of the first sign-in"
        );
        assert_eq!(world.form(2)["grant_type"], "refresh_token");
    });
}

#[test]
fn what_is_not_for_us_is_refused() {
    for (claim, value) in [
        ("aud", json!("other")),
        (
            "iss",
            json!("https://evil.test/11111111-1111-1111-1111-111111111111/v2.0"),
        ),
        (
            "iss",
            json!("https://login.microsoftonline.us/11111111-1111-1111-1111-111111111111/v2.0"),
        ),
        ("iss", json!(null)),
        ("tid", json!("22222222-2222-2222-2222-222222222222")),
        ("exp", json!(1)),
    ] {
        run(async |world| {
            let credential = builder(world).build().unwrap();
            world.http.push(device_code(world, 900, 1));
            world.http.push(
                Answer::new(world, "token", "refresh")
                    .claim(claim, value.clone())
                    .step(),
            );
            let error = world.token(&credential, SCOPE).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IdentityMismatch, "{claim} {value}");
            assert!(credential.authentication_record().is_none());
        });
    }
}

#[test]
fn an_answer_that_does_not_tell_who_signed_in_is_refused() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.http.push(device_code(world, 900, 1));
        let mut answer = Answer::new(world, "token", "refresh");
        answer.claims = json!(null);
        world.http.push(answer.step());
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
    });
}

#[test]
fn another_account_needs_authenticate() {
    run(async |world| {
        let credential = builder(world).build().unwrap();
        world.http.push(device_code(world, 900, 1));
        world.http.push(Answer::new(world, "first", "refresh").step());
        world.token(&credential, SCOPE).await.unwrap();
        // The refresh token is refused, so the person is asked again, and is another one.
        let other = Answer::new(world, "second", "refresh2").of(OTHER_USER, TENANT);
        for _ in 0..2 {
            world.http.push(refusal("invalid_grant"));
            world.http.push(device_code(world, 900, 1));
            world.http.push(other.step());
        }
        let request = TokenRequest::new("https://vault.azure.net/.default");
        let error = world.token_with(&credential, request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityMismatch, "{error}");
        let record = credential
            .authenticate(&["https://vault.azure.net/.default"])
            .await
            .unwrap();
        assert_eq!(record.home_account_id(), format!("{OTHER_USER}.{TENANT}"));
        // The first account's token is forgotten.
        let third = Answer::new(world, "third", "refresh3").of(OTHER_USER, TENANT);
        world.http.push(third.step());
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), third.token());
    });
}

#[test]
fn settings_are_checked_without_a_runtime() {
    let invalid = |builder: DeviceCodeCredentialBuilder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
        assert_eq!(error.credential(), Some("DeviceCodeCredential"));
    };
    invalid(DeviceCodeCredential::builder().with_tenant_id("../x"));
    invalid(DeviceCodeCredential::builder().with_client_id(""));
    invalid(DeviceCodeCredential::builder().with_additionally_allowed_tenants(["a b"]));
    let credential = DeviceCodeCredential::builder().build().unwrap();
    assert_eq!(credential.name(), "DeviceCodeCredential");
}

#[test]
fn the_default_tenant_and_scopes() {
    run(async |world| {
        let credential = DeviceCodeCredential::builder()
            .with_options(&world.options())
            .with_prompt(|_| ())
            .build()
            .unwrap();
        world.http.push(device_code(world, 900, 1));
        let developer = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        world.http.push(
            Answer::new(world, "token", "refresh")
                .claim("aud", developer)
                .step(),
        );
        credential.authenticate(&[]).await.unwrap();
        assert_eq!(world.request(0).path(), "/organizations/oauth2/v2.0/devicecode");
        assert_eq!(world.form(0)["client_id"], developer);
        assert!(world.form(0)["scope"].starts_with("https://management.core.windows.net//.default "));
        let private = Authority::parse("identity.contoso.test").unwrap();
        let credential = DeviceCodeCredential::builder()
            .with_options(&world.options().with_authority(private))
            .build()
            .unwrap();
        let error = credential.authenticate(&[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    });
}
