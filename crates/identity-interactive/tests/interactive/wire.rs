//! What goes over the wire, compared field by field with what the peer was recorded to send.

use http::Uri;
use identity_base::TokenCredential;
use identity_base::seam::HttpRequest;
use identity_interactive::{DeviceCodeCredential, InteractiveBrowserCredential, UsernamePasswordCredential};
use identity_testkit::wire::{Rules, WireCase, WireRequest};
use identity_testkit::{HttpStep, RecordedRequest};
use serde_json::json;

use crate::answers::{Answer, refusal};
use crate::caller::Page;
use crate::world::{CLIENT, OTHER_SCOPE, SCOPE, TENANT, World, run, run_still};

fn compare(world: &World, name: &str) {
    compare_requests(&world.http.requests(), name);
}

fn compare_requests(requests: &[RecordedRequest], name: &str) {
    let path = format!(
        "{}/../../tests/cases/wire/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let case = WireCase::load(path).with("HOST:PORT", "login.microsoftonline.com");
    case.assert_requests(&WireRequest::of_all(requests), &Rules::documented());
}

/// The recorded sign-in: its refresh token is the recorded one.
fn signed_in(world: &World) -> Answer {
    Answer::new(world, "token", "refresh").member("refresh_token", "refresh-1")
}

#[test]
fn device_code() {
    run(async |world| {
        world.http.push(HttpStep::json(
            200,
            &json!({"device_code": "device-code-1", "user_code": "ABCD1234", "expires_in": 900, "interval": 1,
                "verification_uri": "https://microsoft.com/devicelogin"}),
        ));
        world.http.push(refusal("authorization_pending"));
        world.http.push(signed_in(world).step());
        world.http.push(Answer::new(world, "second", "refresh").step());
        let credential = DeviceCodeCredential::builder()
            .with_options(&world.options())
            .with_tenant_id(TENANT)
            .with_client_id(CLIENT)
            .with_prompt(|_| ())
            .build()
            .unwrap();
        world.token(&credential, SCOPE).await.unwrap();
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        compare(world, "device_code");
    });
}

#[test]
fn interactive_browser() {
    run_still(async |world| {
        let credential = InteractiveBrowserCredential::builder()
            .with_options(&world.options())
            .with_tenant_id(TENANT)
            .with_client_id(CLIENT)
            .with_login_hint("user@contoso.test")
            .build()
            .unwrap();
        let task = {
            let credential = credential.clone();
            tokio::spawn(async move { credential.get_token(&[SCOPE]).await.map(drop) })
        };
        let page = Page::opened(world).await;
        world
            .http
            .push(signed_in(world).claim("nonce", page.value("nonce")).step());
        page.post(&page.answer("auth-code-1")).await;
        task.await.unwrap().unwrap();
        world.http.push(Answer::new(world, "second", "refresh").step());
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        // The browser's own request stands where it was made.
        let mut requests = world.http.requests();
        let uri: Uri = world.browser.urls()[0].parse().unwrap();
        requests.insert(0, RecordedRequest::new(HttpRequest::get(uri)));
        compare_requests(&requests, "interactive_browser");
    });
}

#[test]
fn username_password() {
    run(async |world| {
        let credential = UsernamePasswordCredential::builder(CLIENT, "user@contoso.test", "pa ss")
            .with_options(&world.options())
            .with_tenant_id(TENANT)
            .build()
            .unwrap();
        world
            .http
            .push(HttpStep::json(200, &json!({"account_type": "Managed"})));
        world.http.push(signed_in(world).step());
        world.token(&credential, SCOPE).await.unwrap();
        world.http.push(Answer::new(world, "second", "refresh").step());
        world.token(&credential, OTHER_SCOPE).await.unwrap();
        compare(world, "username_password");
    });
}
