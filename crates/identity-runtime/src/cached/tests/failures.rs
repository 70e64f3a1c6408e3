//! How failures are remembered and forgotten.

use identity_base::{FetchPolicy, TokenRequest};
use identity_testkit::{FetchStep, block_on};

use super::*;

#[test]
fn a_failure_answers_for_a_second_then_for_two_and_never_for_ever() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().respond_with(|_, _| FetchStep::error(refused()));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let mut requests = Vec::new();
        for _ in 0..70 {
            credential.get_token(SCOPE).await.unwrap_err();
            requests.push(fetch.calls());
            clock.advance(seconds(1));
        }
        // At 0, 1, 3, 7, 15, 31, 61 s.
        for (second, count) in [
            (0, 1),
            (1, 2),
            (2, 2),
            (3, 3),
            (7, 4),
            (15, 5),
            (30, 5),
            (31, 6),
            (60, 6),
            (61, 7),
        ] {
            assert_eq!(requests[second], count, "second {second}");
        }
    });
}

#[test]
fn a_new_secret_forgets_the_failure() {
    let fetch = ScriptedFetch::new().then(FetchStep::error(refused()));
    let credential = credential(&fetch, &TestClock::new());
    block_on(async {
        credential.get_token(SCOPE).await.unwrap_err();
        credential.get_token(SCOPE).await.unwrap_err();
        assert_eq!(fetch.calls(), 1);
        fetch.set_generation(1);
        credential.get_token(SCOPE).await.unwrap();
    });
}

#[test]
fn other_claims_and_other_keys_are_not_answered_by_it() {
    let fetch = ScriptedFetch::new().then(FetchStep::error(refused()));
    let credential = credential(&fetch, &TestClock::new());
    block_on(async {
        credential.get_token(SCOPE).await.unwrap_err();
        credential.get_token(&["other"]).await.unwrap();
        credential
            .get_token_with(TokenRequest::new(SCOPE).claims("{}"))
            .await
            .unwrap();
        assert!(
            credential.get_token(SCOPE).try_now().is_ok(),
            "the challenged token is cached"
        );
    });
}

#[test]
fn interactive_failures_are_not_remembered() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::error(refused()))
        .with_policy(FetchPolicy::new().with_negative_cache(false));
    let credential = credential(&fetch, &TestClock::new());
    block_on(async {
        credential.get_token(SCOPE).await.unwrap_err();
        credential.get_token(SCOPE).await.unwrap();
    });
}

#[test]
fn a_throttled_key_waits_as_long_as_the_service_asks() {
    let clock = TestClock::new();
    let throttled = Error::new(ErrorKind::Throttled, "slow down").with_retry_after(seconds(120));
    let fetch = ScriptedFetch::new().then(FetchStep::error(throttled));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap_err();
        clock.advance(seconds(119));
        assert_eq!(
            credential.get_token(SCOPE).await.unwrap_err().retry_after(),
            Some(seconds(120))
        );
        clock.advance(seconds(1));
        credential.get_token(SCOPE).await.unwrap();
    });
    assert_eq!(fetch.calls(), 2);
}

#[test]
fn errors_name_the_credential() {
    let fetch = ScriptedFetch::new()
        .named("SomeCredential")
        .then(FetchStep::error(refused()));
    let error = block_on(credential(&fetch, &TestClock::new()).get_token(SCOPE)).unwrap_err();
    assert_eq!(error.to_string(), "SomeCredential: refused");
}

#[test]
fn a_miss_without_a_runtime_says_what_is_missing() {
    let fetch = ScriptedFetch::new();
    let credential = credential(&fetch, &TestClock::new());
    let error = identity_testkit::poll::block_on_std(credential.get_token(SCOPE)).unwrap_err();
    assert_eq!(
        (error.kind(), fetch.calls()),
        (ErrorKind::InvalidConfiguration, 0)
    );
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}
