//! What works.

use entra_identity::{
    InteractiveBrowserCredential, SharedTokenCacheCredential, TokenCaches, TokenCredential, TokenRequest,
};
use identity_emulator::{Route, SignIn, User};
use identity_testkit::leak_guard;

use super::{ADA, EVE, OTHER_SCOPE, Service, USER_SCOPE};
use crate::confidential::{claims, get};
use crate::support::TENANT;

#[test]
fn by_browser_and_silently_afterwards() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let credential = service.browser().build().unwrap();
        let token = get(&guard, &credential, USER_SCOPE).await.unwrap();
        assert_eq!(claims(&token)["upn"], ADA);
        let record = credential.authentication_record().unwrap();
        assert_eq!((record.username(), record.tenant_id().as_str()), (ADA, TENANT));
        let other = get(&guard, &credential, OTHER_SCOPE).await.unwrap();
        assert_eq!(claims(&other)["scp"], "Mail.Read");
        let requests = service.emulator.requests();
        assert_eq!(requests.clone().route(Route::Authorize).count(), 1, "one prompt");
        assert_eq!(requests.grant("refresh_token").count(), 1);
        let shown = service.browser.shown();
        assert!(
            shown.iter().any(|page| page.contains("You are signed in")),
            "{shown:?}"
        );
        service.check_journal(&guard);
    });
}

#[test]
fn by_device_code() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service
            .emulator
            .script(SignIn::of(User::new("bob@contoso.test")).after_polls(1));
        let credential = service.device().build().unwrap();
        let record = credential.authenticate(&[USER_SCOPE]).await.unwrap();
        assert_eq!(record.username(), "bob@contoso.test");
        let token = get(&guard, &credential, USER_SCOPE).await.unwrap();
        assert_eq!(claims(&token)["upn"], "bob@contoso.test");
        let device = "urn:ietf:params:oauth:grant-type:device_code";
        assert_eq!(service.emulator.requests().grant(device).count(), 2);
        service.check_journal(&guard);
    });
}

#[test]
fn by_password_here_and_at_a_federated_organization() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        for user in [ADA, EVE] {
            let credential = service.password(user);
            let token = get(&guard, &credential, USER_SCOPE).await.unwrap();
            assert_eq!(claims(&token)["upn"], user);
        }
        let requests = service.emulator.requests();
        assert_eq!(requests.clone().route(Route::WsTrust).count(), 1);
        let assertion = "urn:ietf:params:oauth:grant-type:saml1_1-bearer";
        assert_eq!(requests.grant(assertion).count(), 1);
        service.check_journal(&guard);
    });
}

#[test]
fn a_record_finds_the_account_in_a_shared_cache() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let caches = TokenCaches::in_memory();
        let first = service.browser().with_token_caches(&caches).build().unwrap();
        let record = first.authenticate(&[USER_SCOPE]).await.unwrap();
        let second = service
            .device()
            .with_token_caches(&caches)
            .with_authentication_record(record)
            .with_disable_automatic_authentication(true)
            .build()
            .unwrap();
        for scope in [USER_SCOPE, OTHER_SCOPE] {
            let token = get(&guard, &second, scope).await.unwrap();
            assert_eq!(claims(&token)["upn"], ADA);
        }
        assert_eq!(
            service
                .emulator
                .requests()
                .route(Route::DeviceAuthorization)
                .count(),
            0
        );
        service.check_journal(&guard);
    });
}

#[test]
fn a_developers_sign_in_serves_other_programs() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let caches = TokenCaches::in_memory();
        // The application of developers is of a family, which shares its refresh tokens.
        let tool = InteractiveBrowserCredential::builder()
            .with_options(&service.options())
            .with_token_caches(&caches)
            .build()
            .unwrap();
        tool.authenticate(&[USER_SCOPE]).await.unwrap();
        let credential = SharedTokenCacheCredential::builder()
            .with_options(&service.options())
            .with_token_caches(&caches)
            .with_username(ADA.to_uppercase())
            .build()
            .unwrap();
        let token = get(&guard, &credential, "https://vault.azure.net/.default")
            .await
            .unwrap();
        assert_eq!(claims(&token)["upn"], ADA);
    });
}

#[test]
fn what_a_challenge_wants_the_sign_in_brings() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let credential = service.browser().build().unwrap();
        get(&guard, &credential, USER_SCOPE).await.unwrap();
        let wanted = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
        let request = TokenRequest::new(USER_SCOPE).claims(wanted).enable_cae(true);
        let token = credential.get_token_with(request).await.unwrap();
        assert_eq!(claims(&token)["acrs"], serde_json::json!(["c1"]));
        assert_eq!(claims(&token)["xms_cc"], serde_json::json!(["CP1"]));
        let pages = service.emulator.requests().route(Route::Authorize).count();
        assert_eq!(pages, 2, "the refresh token could not bring it");
    });
}
