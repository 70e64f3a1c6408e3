//! One request for a thousand callers.

use identity_base::TokenRequest;
use identity_testkit::poll::settle;
use identity_testkit::{FetchStep, Gate, block_on, block_on_threads};

use super::*;

#[test]
fn a_thousand_callers_make_one_request() {
    for threads in [1, 4] {
        let (gate, clock) = (Gate::closed(), TestClock::new());
        let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).at(&gate));
        let credential = credential(&fetch, &clock);
        block_on_threads(threads, async {
            let tasks = callers(&credential, 1000);
            fetch.started(1).await;
            gate.open();
            for task in tasks {
                assert_eq!(task.await.unwrap().unwrap().secret(), "t");
            }
        });
        assert_eq!(fetch.calls(), 1, "{threads} threads");
    }
}

#[test]
fn callers_of_a_failing_fetch_share_the_failure() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().then(FetchStep::error(refused()).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let tasks = callers(&credential, 100);
        gate.arrivals(1).await;
        settle().await;
        gate.open();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap_err().message(), "refused");
        }
    });
    assert_eq!(fetch.calls(), 1);
}

#[test]
fn keys_do_not_wait_for_each_other() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().respond_with({
        let clock = clock.clone();
        move |_, _| FetchStep::numbered(HOUR).after(clock.clone(), Duration::from_millis(500))
    });
    let credential = credential(&fetch, &clock);
    let before = clock.wall();
    clock.block_on(async {
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let credential = credential.clone();
                tokio::spawn(async move { credential.get_token(&[&format!("scope{n}")]).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!(
        clock.wall().duration_since(before).unwrap(),
        Duration::from_millis(500)
    );
    assert_eq!(fetch.most_at_once(), 8);
}

#[test]
fn a_cached_key_is_ready_while_another_is_fetched() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::numbered(HOUR))
        .then(FetchStep::numbered(HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        let other = tokio::spawn({
            let credential = credential.clone();
            async move { credential.get_token(&["other"]).await }
        });
        gate.arrivals(1).await;
        hit(credential.get_token(SCOPE));
        gate.open();
        other.await.unwrap().unwrap();
    });
}

#[test]
fn a_first_caller_that_is_dropped_at_any_await_point_costs_nobody_anything() {
    for polls in 1..8 {
        let clock = TestClock::new();
        let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).yielding(8));
        let credential = credential(&fetch, &clock);
        block_on(async {
            let mut first = Box::pin(credential.get_token(SCOPE));
            for _ in 0..polls {
                use identity_testkit::poll::PollOnce;
                assert!(first.poll_once().is_pending());
            }
            let follower = credential.get_token(SCOPE);
            drop(first);
            assert_eq!(follower.await.unwrap().secret(), "t");
        });
        assert_eq!((fetch.calls(), fetch.abandoned()), (1, 0), "after {polls} polls");
    }
}

#[test]
fn a_caller_that_keeps_its_future_without_polling_it_stalls_nobody() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).yielding(8));
    let credential = credential(&fetch, &clock);
    block_on(async {
        use identity_testkit::poll::PollOnce;
        let mut kept = Box::pin(credential.get_token(SCOPE));
        assert!(kept.poll_once().is_pending());
        assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "t");
        assert_eq!(kept.await.unwrap().secret(), "t");
    });
    assert_eq!(fetch.calls(), 1);
}

#[test]
fn a_first_caller_that_panics_costs_nobody_anything() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let shared = credential.clone();
        let first = tokio::spawn(async move {
            let mut token = Box::pin(shared.get_token(SCOPE));
            use identity_testkit::poll::PollOnce;
            assert!(token.poll_once().is_pending());
            panic!("in the caller's own code");
        });
        gate.arrivals(1).await;
        let follower = callers(&credential, 1).remove(0);
        assert!(first.await.unwrap_err().is_panic());
        gate.open();
        assert_eq!(follower.await.unwrap().unwrap().secret(), "t");
    });
    assert_eq!(fetch.calls(), 1);
}

#[test]
fn the_last_caller_that_leaves_does_not_waste_the_request() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let only = callers(&credential, 1).remove(0);
        gate.arrivals(1).await;
        only.abort();
        assert!(only.await.unwrap_err().is_cancelled());
        gate.open();
        fetch.finished(1).await;
        settle().await;
        assert_eq!(hit(credential.get_token(SCOPE)).secret(), "t");
    });
    assert_eq!((fetch.calls(), fetch.abandoned()), (1, 0));
}

#[test]
fn a_panicking_fetch_is_an_internal_error_for_all_and_the_next_call_works() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::panic("CNRY").at(&gate))
        .then(FetchStep::token("t", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let tasks = callers(&credential, 50);
        gate.arrivals(1).await;
        settle().await;
        gate.open();
        for task in tasks {
            let error = task.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert!(!format!("{error} {error:?}").contains("CNRY"));
        }
        assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "t");
    });
    assert_eq!(fetch.calls(), 2);
}

#[test]
fn a_thousand_callers_that_reject_one_token_make_one_request() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("old", HOUR))
        .then(FetchStep::token("new", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let old = credential.get_token(SCOPE).await.unwrap();
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let (credential, old) = (credential.clone(), old.clone());
                tokio::spawn(async move {
                    credential
                        .get_token_with(TokenRequest::new(SCOPE).rejected(&old))
                        .await
                })
            })
            .collect();
        gate.arrivals(1).await;
        assert_eq!(
            hit(credential.get_token(SCOPE)).secret(),
            "old",
            "who rejects nothing is served"
        );
        gate.open();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap().secret(), "new");
        }
        assert_eq!(
            hit(credential.get_token_with(TokenRequest::new(SCOPE).rejected(&old))).secret(),
            "new",
            "late ones as well"
        );
    });
    assert_eq!(fetch.calls(), 2);
    assert_eq!(fetch.records()[1].superseded.as_ref().unwrap().secret(), "old");
}

#[test]
fn a_rejected_token_does_not_come_back_from_a_flight_that_began_before() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("kept", HOUR))
        .then(FetchStep::token("kept", HOUR).at(&gate))
        .then(FetchStep::token("new", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let kept = credential.get_token(SCOPE).await.unwrap();
        clock.advance(HOUR - Duration::from_secs(300));
        // A refresh begins, which knows nothing of what comes.
        assert!(hit(credential.get_token(SCOPE)).is_same(&kept));
        gate.arrivals(1).await;
        let rejecting = tokio::spawn({
            let (credential, kept) = (credential.clone(), kept.clone());
            async move {
                let request = TokenRequest::new(SCOPE).rejected(&kept);
                credential.get_token_with(request).await
            }
        });
        settle().await;
        gate.open();
        assert_eq!(rejecting.await.unwrap().unwrap().secret(), "new");
    });
    assert_eq!(fetch.calls(), 3);
    assert_eq!(fetch.records()[2].superseded.as_ref().unwrap().secret(), "kept");
}

#[test]
fn who_has_no_other_token_than_the_rejected_one_is_asked_once() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().respond_with(|_, _| FetchStep::token("only", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let only = credential.get_token(SCOPE).await.unwrap();
        let again = credential
            .get_token_with(TokenRequest::new(SCOPE).rejected(&only))
            .await;
        assert!(again.unwrap().is_same(&only));
    });
    assert_eq!(fetch.calls(), 2);
}

#[test]
fn the_fetch_is_told_the_rejected_token_even_if_another_one_is_cached() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("over", HOUR))
        .then(FetchStep::token("new", HOUR));
    let credential = credential(&fetch, &clock);
    let rejected = AccessToken::new("rejected", std::time::SystemTime::UNIX_EPOCH).unwrap();
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(2 * HOUR);
        let request = TokenRequest::new(SCOPE).rejected(&rejected);
        credential.get_token_with(request).await.unwrap();
    });
    assert_eq!(
        fetch.records()[1].superseded.as_ref().unwrap().secret(),
        "rejected"
    );
}

#[test]
fn callers_with_equal_claims_share_a_request_and_others_have_their_own() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().respond_with({
        let gate = gate.clone();
        move |_, _| FetchStep::numbered(HOUR).at(&gate)
    });
    let credential = credential(&fetch, &clock);
    block_on(async {
        let ask = |claims: &'static str| {
            let credential = credential.clone();
            tokio::spawn(async move {
                credential
                    .get_token_with(TokenRequest::new(SCOPE).claims(claims))
                    .await
            })
        };
        let tasks = [
            ask("{\"a\":1,\"b\":2}"),
            ask("{ \"b\": 2, \"a\": 1 }"),
            ask("{\"a\":2}"),
            callers(&credential, 1).remove(0),
        ];
        gate.arrivals(3).await;
        settle().await;
        gate.open();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!(fetch.calls(), 3);
}

#[test]
fn the_callers_deadline_cuts_the_wait_and_not_the_flight() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let hasty = tokio::spawn({
            let credential = credential.clone();
            async move {
                credential
                    .get_token_with(TokenRequest::new(SCOPE).deadline(seconds(1)))
                    .await
            }
        });
        gate.arrivals(1).await;
        clock.sleepers(2).await;
        clock.advance(seconds(1));
        let error = hasty.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Timeout, true));
        gate.open();
        assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "t");
    });
    assert_eq!(fetch.calls(), 1);
}

#[test]
fn a_fetch_that_never_answers_ends_at_the_total_deadline() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().then(FetchStep::hang());
    let credential = credential(&fetch, &clock);
    let before = clock.wall();
    let error = clock.block_on(credential.get_token(SCOPE)).unwrap_err();
    assert_eq!(
        (error.kind(), clock.wall().duration_since(before).unwrap()),
        (ErrorKind::Timeout, seconds(30))
    );
    assert_eq!(fetch.abandoned(), 1);
}

#[test]
fn an_observer_that_panics_costs_nobody_anything() {
    #[derive(Debug)]
    struct Panics;
    impl identity_base::Observer for Panics {
        fn event(&self, event: &identity_base::Event<'_>) {
            use identity_base::EventKind;
            if matches!(event.kind, EventKind::Fetched | EventKind::FetchFailed) {
                panic!("planted");
            }
        }
    }

    let gate = Gate::closed();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("t", HOUR).at(&gate))
        .then(FetchStep::error(refused()));
    let options = ClientOptions::default()
        .with_clock(Arc::new(TestClock::new()))
        .with_observer(Arc::new(Panics));
    let credential = Cached::new(fetch, &options);
    block_on(async {
        let tasks = callers(&credential, 10);
        gate.arrivals(1).await;
        settle().await;
        gate.open();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap().secret(), "t");
        }
        let error = credential.get_token(&["other"]).await.unwrap_err();
        assert_eq!(error.message(), "refused");
    });
}
