//! Dates and waits in every place where a stranger writes one.

use std::time::Duration;

use identity_base::TokenCredential as _;
use identity_confidential::ClientSecretCredential;
use identity_managed::ManagedIdentityCredential;
use identity_testkit::{HttpStep, TestClock, TestEnv};

use super::outcome::{self, CANARY, CLIENT, SCOPE, TENANT};
use super::tools;

/// The longest wait that is believed.
const MOST_WAIT: Duration = Duration::from_secs(3600);

/// This text as the wait of a throttled answer, as the end that App Service tells, or as the end that a developer tool tells: the first byte chooses.
pub fn anywhere(data: &[u8]) {
    let (place, text) = outcome::choice(data, 5);
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let quoted = serde_json::to_string(text).expect("a string");
    let document = match place {
        0 if text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) => return throttled(text),
        0 => return,
        1 => return app_service(&quoted),
        2 => format!("{{\"accessToken\":\"t\",\"expiresOn\":{quoted}}}"),
        3 => format!("{{\"token\":\"t\",\"expiresOn\":{quoted}}}"),
        _ => format!("{{\"Token\":\"t\",\"ExpiresOn\":{quoted}}}"),
    };
    let result = tools::run(place - 2, 0, document.as_bytes(), b"");
    outcome::token(&result, TestClock::new().wall());
}

fn throttled(text: &str) {
    let (clock, text) = (TestClock::new(), text.to_owned());
    let options = outcome::options(&clock, &TestEnv::new(), move |_, _| {
        HttpStep::bytes(429, &b"{}"[..]).header("retry-after", &text)
    });
    let credential = ClientSecretCredential::builder(TENANT, CLIENT, CANARY)
        .with_options(&options)
        .build()
        .expect("the settings are good");
    let error = clock
        .block_on(credential.get_token(&[SCOPE]))
        .expect_err("it is throttled");
    assert!(
        error.retry_after().is_none_or(|wait| wait <= MOST_WAIT),
        "{:?}",
        error.retry_after()
    );
    outcome::token_or_secret_kept(&Err(error), clock.wall());
}

fn app_service(quoted: &str) {
    let (clock, env) = (TestClock::new(), TestEnv::new());
    env.set("MSI_ENDPOINT", "http://127.0.0.1:41741/msi/token");
    env.set("MSI_SECRET", CANARY);
    let body = format!("{{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_on\":{quoted}}}");
    let options = outcome::options(&clock, &env, move |_, _| HttpStep::bytes(200, body.clone()));
    let credential = ManagedIdentityCredential::builder()
        .with_options(&options)
        .build()
        .expect("the settings are good");
    let result = clock.block_on(credential.get_token(&[SCOPE]));
    outcome::token_or_secret_kept(&result, clock.wall());
}
