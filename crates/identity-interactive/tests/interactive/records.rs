//! Records that somebody else may have written: they say who signed in, and must not decide where.

use identity_base::{Authority, ErrorKind};
use identity_interactive::{
    AuthenticationRecord, DeviceCodeCredential, DeviceCodeCredentialBuilder, SharedTokenCacheCredential,
};
use identity_testkit::HttpStep;
use serde_json::json;

use crate::answers::{Answer, device_code};
use crate::world::{CLIENT, SCOPE, TENANT, USER, World, run};

const EVIL: &str = "evil.test";

fn record(authority: &str, tenant: &str) -> AuthenticationRecord {
    let text = json!({"authority": authority, "clientId": CLIENT, "homeAccountId": format!("{USER}.{TENANT}"), "tenantId": tenant,
        "username": "user@contoso.test", "version": "1.0"});
    AuthenticationRecord::deserialize(&text.to_string()).unwrap()
}

fn builder(world: &World, tenant: &str) -> DeviceCodeCredentialBuilder {
    DeviceCodeCredential::builder()
        .with_options(&world.options())
        .with_authentication_record(record(EVIL, tenant))
        .with_prompt(|prompt| assert_eq!(prompt.user_code(), "", "nobody is sent there"))
}

#[test]
fn an_authority_that_nobody_knows_is_asked_about_first() {
    run(async |world| {
        let credential = builder(world, TENANT).build().unwrap();
        world
            .http
            .push(HttpStep::json(400, &json!({"error": "invalid_instance"})));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
        assert_eq!(world.http.calls(), 1);
        assert_eq!(world.request(0).host(), "login.microsoftonline.com");
        assert_eq!(world.request(0).path(), "/common/discovery/instance");
    });
}

#[test]
fn an_authority_that_nobody_can_be_asked_about_has_to_be_allowed() {
    run(async |world| {
        let trusting = world.options().with_disable_instance_discovery(true);
        let evil = Authority::parse(EVIL).unwrap();
        for (builder, tenant) in [
            (builder(world, "adfs"), "adfs"),
            (builder(world, TENANT).with_tenant_id("adfs"), "adfs"),
            (builder(world, TENANT).with_options(&trusting), TENANT),
        ] {
            let error = builder.clone().build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{tenant}");
            assert!(
                error.message().contains(EVIL) && error.hint().is_some(),
                "{error:?}"
            );
            let allowed = trusting.clone().allow_authority(evil.clone());
            assert!(builder.clone().with_options(&allowed).build().is_ok(), "{tenant}");
            let configured = trusting.clone().with_authority(evil.clone());
            assert!(builder.with_options(&configured).build().is_ok(), "{tenant}");
        }
        let shared = SharedTokenCacheCredential::builder()
            .with_options(&trusting)
            .with_authentication_record(record(EVIL, TENANT));
        assert_eq!(
            shared.build().unwrap_err().kind(),
            ErrorKind::InvalidConfiguration
        );
    });
}

#[test]
fn a_known_cloud_needs_nobodys_leave() {
    run(async |world| {
        let host = "login.microsoftonline.us";
        for options in [
            world.options(),
            world.options().with_disable_instance_discovery(true),
        ] {
            let credential = DeviceCodeCredential::builder()
                .with_options(&options)
                .with_authentication_record(record(host, TENANT))
                .with_prompt(|_| ())
                .build()
                .unwrap();
            let before = world.http.calls();
            world.http.push(device_code(world, 900, 1));
            let answer =
                Answer::new(world, "token", "refresh").claim("iss", format!("https://{host}/{TENANT}/v2.0"));
            world.http.push(answer.step());
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), answer.token());
            assert_eq!(world.request(before).host(), host);
        }
    });
}
