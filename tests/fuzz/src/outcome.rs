//! What every outcome has to keep to, whatever the input was.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use identity_base::{AccessToken, Error};
use identity_runtime::ClientOptions;
use identity_runtime::retry::RetryPolicy;
use identity_testkit::{HttpStep, RecordedRequest, ScriptedHttp, TestClock, TestEnv};

/// A secret that each target gives to what it tests, in the dictionary too: an input that echoes it must not bring it into an error.
pub(super) const CANARY: &str = "CNRYfuzz0123456789abcdefghijklmnopqrs";
/// The longest text that an error may have.
const MOST_TEXT: usize = 1024;
/// The longest life of a token.
const MOST_LIFE: Duration = Duration::from_secs(48 * 3600);
/// What is asked for.
pub(super) const SCOPE: &str = "https://vault.azure.net/.default";
/// The tenant of everybody.
pub(super) const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
/// The application of everybody.
pub(super) const CLIENT: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";

/// Options whose HTTP answers come from a closure, whose time is virtual and whose requests are not repeated.
pub(super) fn options(
    clock: &TestClock,
    env: &TestEnv,
    answer: impl Fn(usize, &RecordedRequest) -> HttpStep + Send + Sync + 'static,
) -> ClientOptions {
    ClientOptions::default()
        .with_transport(Arc::new(ScriptedHttp::new().respond_with(answer)))
        .with_clock(Arc::new(clock.clone()))
        .with_env(Arc::new(env.clone()))
        .with_retry_policy(RetryPolicy::none())
}

/// As [`token`], and an error doesn't show the [`CANARY`] that was sent.
pub(super) fn token_or_secret_kept(outcome: &Result<AccessToken, Error>, now: SystemTime) {
    token(outcome, now);
    if let Err(failure) = outcome {
        secret_kept(failure);
    }
}

/// A token or an error, both fit to be used.
pub(super) fn token(outcome: &Result<AccessToken, Error>, now: SystemTime) {
    match outcome {
        Ok(token) => {
            let secret = token.secret();
            assert!(!secret.is_empty() && secret.len() <= 64 * 1024);
            assert!(secret.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(token.expires_on() > now, "a token that has ended");
            assert!(token.expires_on() <= now + MOST_LIFE, "a token for years");
        }
        Err(failure) => error(failure),
    }
}

/// A text that fits a log.
pub(super) fn error(failure: &Error) {
    let text = failure.to_string();
    assert!(
        !text.is_empty() && text.len() <= MOST_TEXT,
        "{} bytes",
        text.len()
    );
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// Neither the error nor what stands behind it shows the secret that was sent, though the answer may have repeated it.
fn secret_kept(failure: &Error) {
    let mut next: Option<&dyn std::error::Error> = Some(failure);
    for _ in 0..16 {
        let Some(cause) = next else { break };
        assert!(!format!("{cause} {cause:?}").contains(CANARY), "{cause:?}");
        next = cause.source();
    }
}

/// The first byte as a choice among so many, and the rest.
pub(super) fn choice(data: &[u8], among: usize) -> (usize, &[u8]) {
    match data.split_first() {
        Some((first, rest)) => (usize::from(*first) % among, rest),
        None => (0, data),
    }
}

/// What is before the first zero byte, and what is behind it.
pub(super) fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}
