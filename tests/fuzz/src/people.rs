//! Answers to sign-ins of people: the start of a device code, and the documents of a federated organization.

use std::time::Duration;

use identity_base::TokenCredential as _;
use identity_interactive::{DeviceCodeCredential, UsernamePasswordCredential};
use identity_testkit::{HttpStep, TestClock, TestEnv};

use super::outcome::{self, CANARY, CLIENT, SCOPE, TENANT};

/// Device codes are asked for, and these bytes are the answer. What a person is shown is safe for a terminal.
pub fn device_code(data: &[u8]) {
    let (clock, body) = (TestClock::new(), data.to_vec());
    let options = outcome::options(&clock, &TestEnv::new(), move |_, request| {
        match request.path().ends_with("/devicecode") {
            true => HttpStep::bytes(200, body.clone()),
            false => HttpStep::entra_error(400, "expired_token", 70020, "over"),
        }
    });
    let credential = DeviceCodeCredential::builder()
        .with_tenant_id(TENANT)
        .with_client_id(CLIENT)
        .with_options(&options)
        .with_timeout(Duration::from_secs(60))
        .with_prompt(|prompt| {
            let message = prompt.message();
            let is_plain = |c: char| c == '\n' || !c.is_control();
            assert!(
                message.len() <= 4096 && message.chars().all(is_plain),
                "{message:?}"
            );
            assert!(prompt.verification_uri().starts_with("https://"));
            assert!(prompt.expires_in() <= Duration::from_secs(1800));
        })
        .build()
        .expect("the settings are good");
    let result = clock.block_on(credential.get_token(&[SCOPE]));
    outcome::error(&result.expect_err("nobody signs in here"));
}

/// A federated organization describes its server and answers there: two documents with a zero byte between them.
pub fn ws_trust(data: &[u8]) {
    let clock = TestClock::new();
    let (description, issued) = outcome::halves(data);
    let (description, issued) = (description.to_vec(), issued.to_vec());
    let options = outcome::options(&clock, &TestEnv::new(), move |_, request| {
        let path = request.path();
        if path.contains("/userrealm/") {
            HttpStep::bytes(
                200,
                &br#"{"account_type":"Federated","federation_metadata_url":"https://fs.contoso.test/mex","cloud_audience_urn":"urn:federation:MicrosoftOnline"}"#[..],
            )
        } else if path == "/mex" {
            HttpStep::bytes(200, description.clone())
        } else if request.host() == "fs.contoso.test" {
            HttpStep::bytes(200, issued.clone())
        } else {
            HttpStep::token("good", 3600)
        }
    });
    let credential = UsernamePasswordCredential::builder(CLIENT, "user@contoso.test", CANARY)
        .with_tenant_id(TENANT)
        .with_options(&options)
        .build()
        .expect("the settings are good");
    let result = clock.block_on(credential.get_token(&[SCOPE]));
    outcome::token_or_secret_kept(&result, clock.wall());
}
