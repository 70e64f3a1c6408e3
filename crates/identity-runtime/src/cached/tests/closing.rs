//! Closing and dropping.

use identity_testkit::poll::settle;
use identity_testkit::{FetchStep, Gate, block_on};

use super::*;

#[test]
fn after_closing_hits_and_misses_of_all_clones_fail() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    let (clone, handle) = (credential.clone(), credential.handle(SCOPE).unwrap());
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        credential.close().await;
        for scopes in [SCOPE, &["other"]] {
            assert!(clone.get_token(scopes).await.unwrap_err().is_closed());
        }
        assert!(
            handle.cached().is_none()
                && handle.token().await.unwrap_err().is_closed()
                && clone.handle(SCOPE).is_none()
        );
        credential.close().await;
    });
    assert_eq!(fetch.calls(), 1);
    assert!(fetch.closed() >= 1);
}

#[test]
fn a_fetch_that_ends_within_a_second_still_serves_its_callers() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let waiting = callers(&credential, 10);
        gate.arrivals(1).await;
        settle().await;
        let closing = tokio::spawn({
            let credential = credential.clone();
            async move { credential.close().await }
        });
        settle().await;
        gate.open();
        for task in waiting {
            assert_eq!(task.await.unwrap().unwrap().secret(), "t");
        }
        closing.await.unwrap();
        assert!(credential.get_token(SCOPE).await.unwrap_err().is_closed());
    });
}

#[test]
fn a_fetch_that_takes_longer_is_ended() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().then(FetchStep::hang());
    let credential = credential(&fetch, &clock);
    block_on(async {
        let waiting = callers(&credential, 10);
        fetch.started(1).await;
        settle().await;
        let closing = tokio::spawn({
            let credential = credential.clone();
            async move { credential.close().await }
        });
        clock.sleepers(2).await;
        clock.advance(seconds(1));
        for task in waiting {
            assert!(task.await.unwrap().unwrap_err().is_closed());
        }
        closing.await.unwrap();
    });
    assert_eq!((fetch.calls(), fetch.abandoned()), (1, 1));
}

#[test]
fn dropping_the_last_clone_ends_a_background_refresh_and_frees_everything() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("old", HOUR))
        .then(FetchStep::token("new", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    let core = Arc::downgrade(&credential.core);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(seconds(3050));
        hit(credential.get_token(SCOPE));
        gate.arrivals(1).await;
        drop(credential);
        settle().await;
        assert_eq!(fetch.abandoned(), 1);
        assert!(core.upgrade().is_none(), "no cycle keeps it alive");
    });
}

#[test]
fn a_finished_credential_leaves_nothing_behind() {
    let (fetch, clock) = (
        ScriptedFetch::new().then(FetchStep::error(refused())),
        TestClock::new(),
    );
    let credential = credential(&fetch, &clock);
    let core = Arc::downgrade(&credential.core);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap_err();
        credential.get_token(&["b"]).await.unwrap();
        drop(credential.handle(&["c"]));
    });
    drop(credential);
    assert!(core.upgrade().is_none());
}
