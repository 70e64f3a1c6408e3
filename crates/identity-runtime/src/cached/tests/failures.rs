//! How failures are remembered and forgotten.

use identity_base::{FetchPolicy, TokenRequest};
use identity_testkit::{FetchStep, Gate, block_on};

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

#[test]
fn who_asks_within_a_chain_and_who_asks_alone_get_no_failure_of_each_other() {
    let clock = TestClock::new();
    // In a chain a source is in a hurry and gives up at once; alone it has patience.
    let gate = Gate::closed();
    let fetch = ScriptedFetch::new().respond_with({
        let gate = gate.clone();
        move |_, request| match request.is_within_chain() {
            true => FetchStep::error(Error::unavailable("nobody there within a second")).at(&gate),
            false => FetchStep::token("patient", HOUR).at(&gate),
        }
    });
    let credential = credential(&fetch, &clock);
    block_on(async {
        let hurried = || TokenRequest::new(SCOPE).within_chain(true);
        let in_chain = tokio::spawn({
            let credential = credential.clone();
            async move { credential.get_token_with(hurried()).await }
        });
        gate.arrivals(1).await;
        let alone = callers(&credential, 1).remove(0);
        gate.arrivals(2).await;
        gate.open();
        assert!(in_chain.await.unwrap().unwrap_err().is_unavailable());
        assert_eq!(alone.await.unwrap().unwrap().secret(), "patient");
        // What is cached answers both.
        assert_eq!(
            credential.get_token_with(hurried()).await.unwrap().secret(),
            "patient"
        );
    });
    // Nor is the failure of the one remembered for the other.
    block_on(async {
        let other = &["other"];
        let hurried = TokenRequest::new(other).within_chain(true);
        credential.get_token_with(hurried).await.unwrap_err();
        assert_eq!(credential.get_token(other).await.unwrap().secret(), "patient");
    });
}

#[test]
fn failures_are_warnings_alone_and_a_matter_of_course_in_a_chain() {
    use tracing::Level;
    let levels = |within_chain: bool, step: fn() -> FetchStep| {
        identity_testkit::leak_guard::run(async |guard| {
            let fetch = ScriptedFetch::new().named("Levelled").then(step());
            let credential = credential(&fetch, &TestClock::new());
            let request = TokenRequest::new(SCOPE).within_chain(within_chain);
            drop(credential.get_token_with(request).await);
            let logs = guard.logs();
            // Other tests run beside this one.
            let own = logs
                .iter()
                .filter(|log| log.field(crate::trace::CREDENTIAL) == Some("Levelled"));
            own.map(|log| (log.level, log.field("message").unwrap_or_default().to_owned()))
                .collect::<Vec<_>>()
        })
    };
    let token = || FetchStep::token("t", HOUR);
    let failure = || FetchStep::error(refused());
    for (within_chain, step, level, text) in [
        (false, token as fn() -> FetchStep, Level::INFO, "token obtained"),
        (true, token, Level::DEBUG, "token obtained"),
        (false, failure, Level::WARN, "no token obtained"),
        (true, failure, Level::DEBUG, "no token obtained"),
    ] {
        assert_eq!(
            levels(within_chain, step),
            [(level, text.to_owned())],
            "{within_chain}"
        );
    }
}
