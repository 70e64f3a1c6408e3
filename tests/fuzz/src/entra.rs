//! Answers of Entra: tokens, error documents, discovery.

use identity_base::{Authority, TenantId, TokenCredential as _};
use identity_confidential::ClientSecretCredential;
use identity_testkit::{HttpStep, TestClock, TestEnv};

use super::outcome::{self, CANARY, CLIENT, SCOPE, TENANT};

/// Statuses with which an answer that is no token may come.
const STATUSES: [u16; 12] = [400, 401, 403, 404, 408, 413, 429, 500, 503, 504, 302, 206];

/// A token endpoint answers 200 with these bytes.
pub fn token_response(data: &[u8]) {
    ask(200, data);
}

/// A token endpoint answers with an error; the first byte chooses the status.
pub fn error_document(data: &[u8]) {
    let (choice, body) = outcome::choice(data, STATUSES.len());
    ask(STATUSES[choice], body);
}

fn ask(status: u16, body: &[u8]) {
    let clock = TestClock::new();
    let body = body.to_vec();
    let options = outcome::options(&clock, &TestEnv::new(), move |_, _| {
        HttpStep::bytes(status, body.clone()).header("content-type", "application/json")
    });
    let credential = ClientSecretCredential::builder(TENANT, CLIENT, CANARY)
        .with_options(&options)
        .build()
        .expect("the settings are good");
    let result = clock.block_on(credential.get_token(&[SCOPE]));
    assert!(status == 200 || result.is_err(), "a token with status {status}");
    outcome::token_or_secret_kept(&result, clock.wall());
}

/// An authority that nobody knows is asked about, and asked for its configuration: two answers with a zero byte between them.
pub fn discovery(data: &[u8]) {
    let clock = TestClock::new();
    let (instance, configuration) = outcome::halves(data);
    let (instance, configuration) = (instance.to_vec(), configuration.to_vec());
    let options = outcome::options(&clock, &TestEnv::new(), move |_, request| {
        let is_instance = request.path().contains("discovery/instance");
        HttpStep::bytes(
            200,
            if is_instance {
                instance.clone()
            } else {
                configuration.clone()
            },
        )
    });
    let authority = Authority::parse("https://login.fuzz.test").expect("an authority");
    let tenant = TenantId::parse(TENANT).expect("a tenant");
    let result = clock.block_on(async {
        let discovery = options.discovery();
        discovery.trust(&options, &authority, &tenant).await?;
        discovery
            .openid_configuration(&options, &authority, &tenant)
            .await
    });
    match result {
        Ok(found) => {
            for endpoint in [
                Some(&found.token_endpoint),
                Some(&found.authorization_endpoint),
                found.device_authorization_endpoint.as_ref(),
            ] {
                let host = endpoint
                    .and_then(|url| url.strip_prefix("https://"))
                    .map(|rest| rest.split(['/', '?']).next());
                assert!(
                    endpoint.is_none() || host == Some(Some("login.fuzz.test")),
                    "{endpoint:?}"
                );
            }
        }
        Err(failure) => outcome::error(&failure),
    }
}
