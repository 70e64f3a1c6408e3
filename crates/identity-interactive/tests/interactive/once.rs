//! What is good once: codes and refresh tokens are not sent twice, and no two sign-ins share a value.

use std::collections::BTreeSet;
use std::time::Duration;

use identity_base::ErrorKind;
use identity_base::seam::HttpErrorKind;
use identity_interactive::{DeviceCodeCredential, TokenCaches};
use identity_testkit::HttpStep;

use crate::answers::{Answer, device_code};
use crate::browser::{ask, builder};
use crate::caller::{Page, within};
use crate::world::{CLIENT, OTHER_SCOPE, SCOPE, TENANT, World, run, run_still};

#[test]
fn a_code_whose_answer_was_lost_is_not_sent_again() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        world
            .http
            .push(HttpStep::fails_after_sending(HttpErrorKind::Reset));
        // Somebody who sent it again would wait for a while first, and time stands still here.
        let shown = within(Duration::from_secs(20), page.post(&page.answer("code"))).await;
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
        assert!(shown.contains("Not signed in"), "{shown}");
        assert_eq!(world.http.calls(), 1);
    });
}

#[test]
fn a_code_is_taken_once() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        let answer = Answer::new(world, "token", "refresh").claim("nonce", page.value("nonce"));
        world.http.push(answer.step());
        page.post(&page.answer("code")).await;
        assert_eq!(task.await.unwrap().unwrap(), answer.token());
        // The same form again finds nobody.
        let again = tokio::net::TcpStream::connect(("127.0.0.1", page.port)).await;
        assert!(again.is_err());
        assert_eq!(world.http.calls(), 1);
    });
}

async fn signed_in(world: &World) -> DeviceCodeCredential {
    let credential = DeviceCodeCredential::builder()
        .with_options(&world.options())
        .with_tenant_id(TENANT)
        .with_client_id(CLIENT)
        .with_token_caches(&TokenCaches::in_memory())
        .with_prompt(|_| ())
        .build()
        .unwrap();
    world.http.push(device_code(world, 900, 1));
    world.http.push(Answer::new(world, "first", "refresh").step());
    world.token(&credential, SCOPE).await.unwrap();
    credential
}

#[test]
fn a_refresh_token_whose_answer_was_lost_is_not_sent_again_and_nobody_is_asked() {
    run(async |world| {
        let credential = signed_in(world).await;
        world
            .http
            .push(HttpStep::fails_after_sending(HttpErrorKind::Reset));
        let error = world.token(&credential, OTHER_SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
        assert_eq!(world.http.calls(), 3);
        // It is kept: whether it was spent is for the next answer to tell.
        let answer = Answer::new(world, "second", "rotated");
        world.http.push(answer.step());
        assert_eq!(
            world.token(&credential, OTHER_SCOPE).await.unwrap(),
            answer.token()
        );
    });
}

#[test]
fn what_never_left_is_sent_again() {
    run(async |world| {
        let credential = signed_in(world).await;
        world
            .http
            .push(HttpStep::fails_before_sending(HttpErrorKind::Connect));
        let answer = Answer::new(world, "second", "rotated");
        world.http.push(answer.step());
        assert_eq!(
            world.token(&credential, OTHER_SCOPE).await.unwrap(),
            answer.token()
        );
        assert_eq!(world.form(2)["refresh_token"], world.form(3)["refresh_token"]);
    });
}

#[test]
fn no_two_sign_ins_share_a_value() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let mut values = BTreeSet::new();
        for round in 0..20 {
            let task = ask(&credential);
            world.browser.opened(round + 1).await;
            let page = Page::opened(world).await;
            for name in ["state", "nonce", "code_challenge"] {
                let value = page.value(name);
                assert_eq!(value.len(), 43, "256 bits");
                assert!(values.insert(value), "{name}");
            }
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        assert_eq!(values.len(), 60);
    });
}
