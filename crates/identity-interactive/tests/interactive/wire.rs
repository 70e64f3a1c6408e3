//! What goes over the wire, compared field by field with what the peer was recorded to send.

use identity_interactive::DeviceCodeCredential;
use identity_testkit::HttpStep;
use identity_testkit::wire::{Rules, WireCase, WireRequest};
use serde_json::json;

use crate::answers::{Answer, refusal};
use crate::world::{CLIENT, OTHER_SCOPE, SCOPE, TENANT, World, run};

fn compare(world: &World, name: &str) {
    let path = format!(
        "{}/../../tests/cases/wire/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let case = WireCase::load(path).with("HOST:PORT", "login.microsoftonline.com");
    case.assert_requests(&WireRequest::of_all(&world.http.requests()), &Rules::documented());
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
