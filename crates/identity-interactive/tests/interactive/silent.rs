//! Tokens without asking: records, caches, refresh tokens, families.

use std::sync::Arc;
use std::time::Duration;

use identity_base::{Authority, ErrorKind, TokenCredential, TokenRequest};
use identity_interactive::{
    AuthenticationRecord, DeviceCodeCredential, DeviceCodeCredentialBuilder, TokenCachePersistenceOptions,
    TokenCaches,
};
use identity_runtime::os::SystemFs;
use identity_testkit::HttpStep;
use serde_json::json;

use crate::answers::{Answer, device_code, refusal};
use crate::world::{
    CLIENT, OTHER_SCOPE, OTHER_TENANT, OTHER_USER, SCOPE, TENANT, USER, World, run, run_still,
};

fn builder(world: &World, caches: &TokenCaches) -> DeviceCodeCredentialBuilder {
    DeviceCodeCredential::builder()
        .with_options(&world.options())
        .with_tenant_id(TENANT)
        .with_client_id(CLIENT)
        .with_token_caches(caches)
        .with_disable_automatic_authentication(true)
        .with_prompt(|_| ())
}

/// Signs in, with tokens as `change` makes them.
async fn sign_in(
    world: &World,
    caches: &TokenCaches,
    change: impl Fn(Answer) -> Answer,
) -> AuthenticationRecord {
    let credential = builder(world, caches).build().unwrap();
    world.http.push(device_code(world, 900, 1));
    world
        .http
        .push(change(Answer::new(world, "first", "refresh")).step());
    credential.authenticate(&[SCOPE]).await.unwrap()
}

#[test]
fn without_a_sign_in_the_error_says_for_what() {
    run(async |world| {
        let credential = builder(world, &TokenCaches::in_memory()).build().unwrap();
        let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
        let request = TokenRequest::new(&[SCOPE, OTHER_SCOPE]).claims(claims);
        let error = world.token_with(&credential, request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
        assert_eq!(
            error.scopes().unwrap().iter().collect::<Vec<_>>(),
            [SCOPE, OTHER_SCOPE]
        );
        assert_eq!(error.claims(), Some(claims));
        assert!(error.hint().unwrap().contains("authenticate"));
        assert_eq!(world.http.calls(), 0);
    });
}

#[test]
fn a_cache_that_can_not_be_used_is_told_as_the_reason() {
    // Real files are looked at on other threads, which virtual time doesn't wait for.
    run_still(async |world| {
        let record = AuthenticationRecord::new(
            Authority::public(),
            TENANT.parse().unwrap(),
            CLIENT.parse().unwrap(),
            format!("{USER}.{TENANT}"),
            "user@contoso.test",
        )
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        // A folder in the place of the file.
        std::fs::create_dir(folder.path().join("kept.nocae")).unwrap();
        let persistence = TokenCachePersistenceOptions::new()
            .with_name("kept")
            .with_directory(folder.path())
            .with_allow_unencrypted_storage(true);
        let options = world.options().with_file_system(Arc::new(SystemFs::new()));
        let caches = TokenCaches::new(Some(&persistence), &options).unwrap();
        let credential = builder(world, &caches)
            .with_authentication_record(record)
            .build()
            .unwrap();
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
        let text = error.to_string();
        assert!(text.contains("the token cache can't be used"), "{text}");
        assert!(!text.contains("no account"), "{text}");
    });
}

#[test]
fn authenticate_prompts_although_automatic_sign_in_is_off() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer).await;
        assert_eq!(record.username(), "user@contoso.test");
        assert_eq!(record.client_id().as_str(), CLIENT);
        assert_eq!(record.tenant_id().as_str(), TENANT);
        assert_eq!(record.authority(), &Authority::public());
        // A later run of the program: another credential with the record and the same cache.
        let later = builder(world, &caches)
            .with_authentication_record(record.clone())
            .build()
            .unwrap();
        let token = world.token(&later, SCOPE).await.unwrap();
        assert_eq!(world.http.calls(), 2, "the sign-in's token is in the cache");
        assert!(!token.is_empty());
        assert_eq!(later.authenticate(&[SCOPE]).await.unwrap(), record, "silently");
    });
}

#[test]
fn without_a_record_a_filled_cache_is_not_looked_at() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        sign_in(world, &caches, |answer| answer).await;
        let other = builder(world, &caches).build().unwrap();
        let error = world.token(&other, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    });
}

#[test]
fn a_refresh_token_serves_other_scopes_tenants_and_cae() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer).await;
        let credential = builder(world, &caches)
            .with_authentication_record(record)
            .with_additionally_allowed_tenants(["*"])
            .build()
            .unwrap();
        let refresh = |token: &str, rotated: &str| Answer::new(world, token, rotated);
        let second = refresh("second", "rotated");
        world.http.push(second.step());
        assert_eq!(
            world.token(&credential, OTHER_SCOPE).await.unwrap(),
            second.token()
        );
        let third = refresh("third", "rotated2").claim("tid", OTHER_TENANT).claim(
            "iss",
            format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"),
        );
        world.http.push(third.step());
        let request = TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT);
        assert_eq!(
            world.token_with(&credential, request).await.unwrap(),
            third.token()
        );
        assert_eq!(
            world.form(3)["refresh_token"],
            second.refresh_token(),
            "the rotated one"
        );
        assert_eq!(
            world.request(3).path(),
            format!("/{OTHER_TENANT}/oauth2/v2.0/token")
        );
        let fourth = refresh("fourth", "rotated3");
        world.http.push(fourth.step());
        let request = TokenRequest::new(SCOPE).enable_cae(true);
        assert_eq!(
            world.token_with(&credential, request).await.unwrap(),
            fourth.token()
        );
        assert_eq!(
            world.form(4)["refresh_token"],
            third.refresh_token(),
            "of the other cache"
        );
        assert!(world.form(4)["claims"].contains("CP1"));
    });
}

#[test]
fn a_refused_refresh_token_asks_for_a_sign_in_with_the_services_claims() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer).await;
        let builder = builder(world, &caches).with_authentication_record(record);
        let wanted = r#"{"access_token":{"polids":{"essential":true,"values":["p"]}}}"#;
        let answer = HttpStep::json(
            400,
            &json!({"error": "interaction_required", "suberror": "basic_action", "claims": wanted,
                "error_description": "AADSTS50076: more", "error_codes": [50076]}),
        );
        world.http.push(answer.clone());
        let credential = builder.clone().build().unwrap();
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (ErrorKind::AuthenticationRequired, Some(50076))
        );
        assert_eq!(error.claims(), Some(wanted));
        assert_eq!(error.scopes().unwrap().joined(), OTHER_SCOPE);
        // With automatic sign-in they go along.
        let credential = builder
            .with_disable_automatic_authentication(false)
            .build()
            .unwrap();
        world.http.push(answer);
        world.http.push(device_code(world, 900, 1));
        let second = Answer::new(world, "second", "rotated");
        world.http.push(second.step());
        assert_eq!(
            world.token(&credential, OTHER_SCOPE).await.unwrap(),
            second.token()
        );
        assert_eq!(world.form(4)["claims"], wanted);
        assert_eq!(world.form(5)["claims"], wanted);
    });
}

#[test]
fn other_failures_of_the_silent_way_do_not_end_in_a_prompt() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer).await;
        let credential = builder(world, &caches)
            .with_authentication_record(record)
            .with_disable_automatic_authentication(false)
            .build()
            .unwrap();
        world.http.push(refusal("invalid_scope"));
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
    });
}

#[test]
fn the_account_stays_the_records() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer).await;
        let other = AuthenticationRecord::new(
            record.authority().clone(),
            record.tenant_id().clone(),
            record.client_id().clone(),
            format!("{OTHER_USER}.{TENANT}"),
            "user@contoso.test",
        )
        .unwrap();
        let stranger = builder(world, &caches)
            .with_authentication_record(other)
            .build()
            .unwrap();
        let error = world.token(&stranger, SCOPE).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::AuthenticationRequired,
            "another account's token is never found"
        );
        let credential = builder(world, &caches)
            .with_authentication_record(record)
            .build()
            .unwrap();
        world.http.push(
            Answer::new(world, "second", "rotated")
                .of(OTHER_USER, TENANT)
                .step(),
        );
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdentityMismatch, "{error}");
    });
}

#[test]
fn family_members_share_refresh_tokens() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer.member("foci", "1")).await;
        // An application that nothing is known of may be of the family.
        let newcomer = AuthenticationRecord::new(
            record.authority().clone(),
            record.tenant_id().clone(),
            "66666666-6666-6666-6666-666666666666".parse().unwrap(),
            record.home_account_id(),
            record.username(),
        )
        .unwrap();
        let credential = builder(world, &caches)
            .with_authentication_record(newcomer.clone())
            .build()
            .unwrap();
        let second = Answer::new(world, "second", "rotated").claim("aud", newcomer.client_id().as_str());
        world.http.push(second.step());
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), second.token());
        assert_eq!(world.form(2)["client_id"], newcomer.client_id().as_str());
        // It is not: the answer came without a family, so next time nothing is tried.
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
    });
}

#[test]
fn a_stranger_to_the_family_is_told_so_and_asks() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer.member("foci", "1")).await;
        let stranger = AuthenticationRecord::new(
            record.authority().clone(),
            record.tenant_id().clone(),
            "66666666-6666-6666-6666-666666666666".parse().unwrap(),
            record.home_account_id(),
            record.username(),
        )
        .unwrap();
        let credential = builder(world, &caches)
            .with_authentication_record(stranger)
            .build()
            .unwrap();
        world.http.push(HttpStep::json(
            400,
            &json!({"error": "invalid_client", "suberror": "client_mismatch"}),
        ));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
    });
}

#[test]
fn a_refresh_in_the_background_never_asks_anybody() {
    run(async |world| {
        let credential = builder(world, &TokenCaches::in_memory())
            .with_disable_automatic_authentication(false)
            .build()
            .unwrap();
        world.http.push(device_code(world, 900, 1));
        let answer = Answer::new(world, "first", "refresh");
        world.http.push(answer.step());
        world.token(&credential, SCOPE).await.unwrap();
        world.clock.advance(Duration::from_secs(3000));
        world.http.push(refusal("invalid_grant"));
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
        world.http.sent(3).await;
        assert_eq!(world.form(2)["grant_type"], "refresh_token");
        tokio::task::yield_now().await;
        assert_eq!(world.http.calls(), 3, "no sign-in was begun");
    });
}

#[test]
fn a_rejected_token_is_not_served_from_the_cache_again() {
    run(async |world| {
        let credential = builder(world, &TokenCaches::in_memory())
            .with_disable_automatic_authentication(false)
            .build()
            .unwrap();
        world.http.push(device_code(world, 900, 1));
        world.http.push(Answer::new(world, "first", "refresh").step());
        let first = credential.get_token(&[SCOPE]).await.unwrap();
        let second = Answer::new(world, "second", "rotated");
        world.http.push(second.step());
        let request = TokenRequest::new(SCOPE).rejected(&first);
        assert_eq!(
            world.token_with(&credential, request).await.unwrap(),
            second.token()
        );
    });
}

#[test]
fn a_closed_credential_neither_serves_nor_asks() {
    run(async |world| {
        let credential = builder(world, &TokenCaches::in_memory()).build().unwrap();
        credential.close().await;
        assert_eq!(
            world.token(&credential, SCOPE).await.unwrap_err().kind(),
            ErrorKind::Closed
        );
        let error = credential.authenticate(&[SCOPE]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    });
}

#[test]
fn tenants_are_checked() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer).await;
        let credential = builder(world, &caches)
            .with_authentication_record(record)
            .build()
            .unwrap();
        for (tenant, kind) in [
            (OTHER_TENANT, ErrorKind::AuthenticationFailed),
            ("../x", ErrorKind::InvalidConfiguration),
        ] {
            let request = TokenRequest::new(SCOPE).tenant_id(tenant);
            assert_eq!(
                credential.authenticate_with(request).await.unwrap_err().kind(),
                kind
            );
            assert_eq!(
                world.token_with(&credential, request).await.unwrap_err().kind(),
                kind
            );
        }
        assert_eq!(USER.len(), 36);
    });
}

#[test]
fn a_sign_in_without_a_tenant_serves_the_accounts_own() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let first = DeviceCodeCredential::builder()
            .with_options(&world.options())
            .with_client_id(CLIENT)
            .with_token_caches(&caches)
            .with_prompt(|_| ())
            .build()
            .unwrap();
        world.http.push(device_code(world, 900, 1));
        let answer = Answer::new(world, "first", "refresh");
        world.http.push(answer.step());
        let record = first.authenticate(&[SCOPE]).await.unwrap();
        assert_eq!(world.request(0).path(), "/organizations/oauth2/v2.0/devicecode");
        assert_eq!(
            world.token(&first, SCOPE).await.unwrap(),
            answer.token(),
            "by the same name"
        );
        // The record names the tenant.
        let later = builder(world, &caches)
            .with_authentication_record(record)
            .build()
            .unwrap();
        assert_eq!(world.token(&later, SCOPE).await.unwrap(), answer.token());
    });
}

#[test]
fn a_tenant_that_is_named_goes_before_the_records() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer).await;
        let credential = builder(world, &caches)
            .with_authentication_record(record)
            .with_tenant_id(OTHER_TENANT)
            .build()
            .unwrap();
        let answer = Answer::new(world, "second", "rotated")
            .claim("tid", OTHER_TENANT)
            .claim(
                "iss",
                format!("https://login.microsoftonline.com/{OTHER_TENANT}/v2.0"),
            );
        world.http.push(answer.step());
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
        assert_eq!(
            world.request(2).path(),
            format!("/{OTHER_TENANT}/oauth2/v2.0/token")
        );
    });
}

#[test]
fn what_another_program_stored_answers_neither_a_rejection_nor_a_refresh() {
    for is_rejected in [true, false] {
        run(async |world| {
            let caches = TokenCaches::in_memory();
            let record = sign_in(world, &caches, |answer| answer).await;
            let credential = || {
                builder(world, &caches)
                    .with_authentication_record(record.clone())
                    .build()
                    .unwrap()
            };
            let (ours, theirs) = (credential(), credential());
            let first = ours.get_token(&[SCOPE]).await.unwrap();
            assert!(world.token(&theirs, SCOPE).await.unwrap() == first.secret());
            // The other program rejects it, and stores another one.
            world.clock.advance(Duration::from_secs(600));
            let second = Answer::new(world, "second", "rotated");
            world.http.push(second.step());
            let rejecting = TokenRequest::new(SCOPE).rejected(&first);
            assert_eq!(
                world.token_with(&theirs, rejecting).await.unwrap(),
                second.token()
            );
            // That one is of before what we want to get past.
            let third = Answer::new(world, "third", "rotated again");
            world.http.push(third.step());
            if is_rejected {
                assert_eq!(world.token_with(&ours, rejecting).await.unwrap(), third.token());
            } else {
                world.clock.advance(Duration::from_secs(2450));
                assert_eq!(world.token(&ours, SCOPE).await.unwrap(), first.secret());
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                assert_eq!(world.http.calls(), 4, "it was renewed in the background");
            }
            assert_eq!(world.form(3)["refresh_token"], second.refresh_token());
        });
    }
}

#[test]
fn a_token_that_is_too_short_for_the_caller_is_not_served_from_the_cache_again() {
    run(async |world| {
        let caches = TokenCaches::in_memory();
        let record = sign_in(world, &caches, |answer| answer).await;
        let credential = builder(world, &caches)
            .with_authentication_record(record)
            .build()
            .unwrap();
        let first = world.token(&credential, SCOPE).await.unwrap();
        world.clock.advance(Duration::from_secs(1000));
        let longer = TokenRequest::new(SCOPE).min_remaining(Duration::from_secs(3000));
        let second = Answer::new(world, "second", "rotated");
        world.http.push(second.step());
        assert_eq!(
            world.token_with(&credential, longer).await.unwrap(),
            second.token()
        );
        assert_ne!(first, second.token());
    });
}
