//! What is refused, by the person, by Entra, or by us.

use std::time::Duration;

use entra_identity::ErrorKind;
use identity_emulator::{Fault, Route, SignIn, User};
use identity_testkit::leak_guard;

use super::{ADA, OTHER_SCOPE, Service, USER_SCOPE};
use crate::confidential::get;

#[test]
fn a_person_who_cancels() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service.emulator.script(SignIn::cancelled());
        let error = get(&guard, &service.browser().build().unwrap(), USER_SCOPE)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (ErrorKind::AuthenticationFailed, Some(65004))
        );
        service.emulator.script(SignIn::cancelled());
        let error = get(&guard, &service.device().build().unwrap(), USER_SCOPE)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("authorization_declined"));
    });
}

#[test]
fn an_answer_with_another_state_ends_nothing() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service
            .emulator
            .script(SignIn::of(User::new(ADA)).with_wrong_state());
        let credential = service
            .browser()
            .with_timeout(Duration::from_millis(500))
            .build()
            .unwrap();
        let error = get(&guard, &credential, USER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert_eq!(service.emulator.requests().token().count(), 0);
    });
}

#[test]
fn a_refresh_token_that_was_ended_asks_again() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let credential = service
            .browser()
            .with_disable_automatic_authentication(true)
            .build()
            .unwrap();
        credential.authenticate(&[USER_SCOPE]).await.unwrap();
        service.emulator.revoke_sessions(ADA);
        let error = get(&guard, &credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (ErrorKind::AuthenticationRequired, Some(50173))
        );
        assert_eq!(error.scopes().unwrap().joined(), OTHER_SCOPE);
        // Another person at the keyboard is another account: that takes a sign-in that was asked for.
        service.emulator.script(SignIn::of(User::new("bob@contoso.test")));
        let record = credential.authenticate(&[OTHER_SCOPE]).await.unwrap();
        assert_eq!(record.username(), "bob@contoso.test");
    });
}

#[test]
fn a_wrong_password_is_tried_once() {
    leak_guard::run(async |guard| {
        let mut service = Service::start(&guard).await;
        service.password = guard.secret("wrong_password").expose().to_owned();
        for user in [ADA, super::EVE] {
            let before = service.emulator.requests().count();
            let error = get(&guard, &service.password(user), USER_SCOPE)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
            assert!(service.emulator.requests().count() - before <= 3);
        }
        service.check_journal(&guard);
    });
}

#[test]
fn a_network_that_breaks_while_a_device_waits() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service.emulator.script(SignIn::of(User::new(ADA)).after_polls(1));
        let device = "urn:ietf:params:oauth:grant-type:device_code";
        service
            .emulator
            .fault(Fault::on(Route::Token).grant(device).times(1).status(503));
        let credential = service.device().build().unwrap();
        get(&guard, &credential, USER_SCOPE).await.unwrap();
        assert!(service.emulator.requests().grant(device).count() >= 3);
    });
}
