//! Forgetting tokens in the middle of everything.

use identity_base::TokenRequest;
use identity_testkit::poll::settle;
use identity_testkit::{FetchStep, Gate, block_on};

use super::*;

#[test]
fn what_was_cached_is_fetched_anew_by_all_clones_and_handles() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    // More keys than the front holds, so that the table is cleared as well.
    let scopes: Vec<String> = (0..100).map(|n| format!("scope{n}")).collect();
    let credential = credential(&fetch, &clock);
    let clone = credential.clone();
    block_on(async {
        for scope in &scopes {
            credential.get_token(&[scope]).await.unwrap();
        }
        let handle = clone.handle(&["scope0"]).unwrap();
        assert!(handle.cached().is_some());
        clone.clear();
        assert!(handle.cached().is_none(), "a handle keeps nothing back");
        assert_eq!(fetch.calls(), 100);
        for (number, scope) in scopes.iter().enumerate() {
            let token = credential.get_token(&[scope]).await.unwrap();
            assert_eq!(token.secret(), format!("token-{}", number + 101), "{scope}");
        }
        assert_eq!(handle.token().await.unwrap().secret(), "token-101");
        // It is no end: what comes later is kept as ever.
        assert_eq!(hit(clone.get_token(&["scope0"])).secret(), "token-101");
    });
    assert_eq!((fetch.calls(), fetch.closed()), (200, 0));
}

#[test]
fn a_fetch_under_way_answers_its_callers_and_leaves_nothing_behind() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("of-before", HOUR).at(&gate))
        .then(FetchStep::token("of-now", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let before = callers(&credential, 10);
        gate.arrivals(1).await;
        settle().await;
        credential.clear();
        // Who comes now waits for no token of before.
        assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "of-now");
        gate.open();
        for task in before {
            assert_eq!(task.await.unwrap().unwrap().secret(), "of-before");
        }
        assert_eq!(hit(credential.get_token(SCOPE)).secret(), "of-now");
    });
    assert_eq!(fetch.calls(), 2);
}

#[test]
fn a_refresh_under_way_does_not_bring_the_old_token_back() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("first", HOUR))
        .then(FetchStep::token("refreshed", HOUR).at(&gate))
        .then(FetchStep::token("of-now", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(seconds(3050));
        hit(credential.get_token(SCOPE));
        gate.arrivals(1).await;
        credential.clear();
        gate.open();
        fetch.finished(2).await;
        settle().await;
        assert!(credential.handle(SCOPE).unwrap().cached().is_none());
        assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "of-now");
    });
}

#[test]
fn failures_are_forgotten_too() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::error(refused()))
        .then(FetchStep::token("t", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap_err();
        credential.get_token(SCOPE).await.unwrap_err();
        assert_eq!(fetch.calls(), 1, "it is remembered for a moment");
        credential.clear();
        assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "t");
    });
}

#[test]
fn a_token_that_is_rejected_after_that_is_not_waited_for() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    block_on(async {
        let old = credential.get_token(SCOPE).await.unwrap();
        credential.clear();
        credential.get_token(SCOPE).await.unwrap();
        let request = TokenRequest::new(SCOPE).rejected(&old);
        let token = credential.get_token_with(request).await.unwrap();
        assert_eq!(token.secret(), "token-2", "the one of now was not rejected");
    });
    assert_eq!(fetch.calls(), 2);
}
