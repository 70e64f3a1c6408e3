//! Fetches that somebody has to wait for: a person at a prompt, or a program that was started.

use identity_base::{FetchPolicy, TokenRequest};
use identity_testkit::poll::{PollOnce as _, settle};
use identity_testkit::{FetchStep, Gate, block_on};

use super::*;

fn attended(fetch: ScriptedFetch) -> ScriptedFetch {
    fetch.with_policy(FetchPolicy::new().with_attended(true))
}

#[test]
fn what_the_last_caller_leaves_ends_at_once() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = attended(ScriptedFetch::new())
        .then(FetchStep::token("left", HOUR).at(&gate))
        .then(FetchStep::token("anew", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let mut only = Box::pin(credential.get_token(SCOPE));
        assert!(only.poll_once().is_pending());
        assert_eq!((fetch.in_flight(), clock.sleeping()), (1, 1));
        drop(only);
        // Not after a turn of the runtime: at once, with its time limit.
        assert_eq!(
            (fetch.in_flight(), fetch.abandoned(), clock.sleeping()),
            (0, 1, 0)
        );
        gate.open();
        settle().await;
        assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "anew");
    });
    assert_eq!((fetch.calls(), fetch.abandoned()), (2, 1));
}

#[test]
fn as_long_as_somebody_waits_it_goes_on() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = attended(ScriptedFetch::new()).then(FetchStep::token("t", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(credential.get_token(SCOPE))).collect();
        for caller in &mut waiting {
            assert!(caller.poll_once().is_pending());
        }
        // The first, which drove it, goes, and so do all the others but one.
        let last = waiting.pop().unwrap();
        drop(waiting);
        assert_eq!((fetch.in_flight(), fetch.abandoned()), (1, 0));
        gate.open();
        assert_eq!(last.await.unwrap().secret(), "t");
        assert_eq!(hit(credential.get_token(SCOPE)).secret(), "t");
    });
    assert_eq!((fetch.calls(), fetch.abandoned()), (1, 0));
}

#[test]
fn a_caller_whose_deadline_passes_leaves_as_well_and_is_told_so() {
    for (is_attended, hint) in [(true, "begins anew"), (false, "will be cached")] {
        let (gate, clock) = (Gate::closed(), TestClock::new());
        let fetch = ScriptedFetch::new()
            .with_policy(FetchPolicy::new().with_attended(is_attended))
            .then(FetchStep::token("t", HOUR).at(&gate));
        let credential = credential(&fetch, &clock);
        block_on(async {
            let hasty = {
                let credential = credential.clone();
                let limited = async move {
                    let request = TokenRequest::new(SCOPE).deadline(seconds(1));
                    credential.get_token_with(request).await
                };
                tokio::spawn(limited)
            };
            gate.arrivals(1).await;
            clock.sleepers(2).await;
            clock.advance(seconds(1));
            let error = hasty.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert!(error.hint().unwrap().contains(hint), "{error:?}");
            assert_eq!(fetch.abandoned(), usize::from(is_attended));
            assert_eq!(fetch.in_flight(), usize::from(!is_attended));
        });
    }
}

#[test]
fn a_refresh_in_the_background_outlives_the_caller_that_began_it() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = attended(ScriptedFetch::new())
        .then(FetchStep::token("old", HOUR))
        .then(FetchStep::token("new", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(seconds(3050));
        drop(credential.get_token(SCOPE));
        gate.arrivals(1).await;
        gate.open();
        fetch.finished(2).await;
        settle().await;
        assert_eq!(hit(credential.get_token(SCOPE)).secret(), "new");
    });
    assert_eq!((fetch.calls(), fetch.abandoned()), (2, 0));
}
