//! Refreshing while the token is still good.

use identity_testkit::poll::settle;
use identity_testkit::{FetchStep, Gate, block_on};

use super::*;

/// Past the soft time of a token of one hour whatever the jitter, and well before its end.
const SOFT: Duration = Duration::from_secs(3050);

#[test]
fn in_the_soft_window_the_old_token_is_returned_at_once_and_one_refresh_runs() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("old", HOUR))
        .then(FetchStep::token("new", HOUR).at(&gate));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(SOFT);
        for _ in 0..1000 {
            assert_eq!(hit(credential.get_token(SCOPE)).secret(), "old");
        }
        gate.arrivals(1).await;
        assert_eq!(
            hit(credential.get_token(SCOPE)).secret(),
            "old",
            "while the service is slow, too"
        );
        gate.open();
        fetch.finished(2).await;
        settle().await;
        assert_eq!(hit(credential.get_token(SCOPE)).secret(), "new");
    });
    assert_eq!(fetch.calls(), 2);
    assert!(fetch.records()[1].background && !fetch.records()[0].background);
}

#[test]
fn before_the_soft_window_nothing_is_refreshed() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        // A tenth of the life earlier than 50 minutes is the earliest.
        clock.advance(seconds(2600));
        hit(credential.get_token(SCOPE));
        settle().await;
    });
    assert_eq!(fetch.calls(), 1);
}

#[test]
fn a_failing_refresh_never_shows_while_the_token_is_usable_and_is_tried_every_thirty_seconds() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("old", HOUR))
        .respond_with(|_, _| FetchStep::error(refused()));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(SOFT);
        for second in SOFT.as_secs()..3570 {
            assert_eq!(
                hit(credential.get_token(SCOPE)).secret(),
                "old",
                "second {second}"
            );
            settle().await;
            clock.advance(seconds(1));
        }
        let tries = fetch.calls() - 1;
        assert!((17..=18).contains(&tries), "every 30 s of 520 s: {tries}");
        assert!(
            credential.get_token(SCOPE).await.is_err(),
            "after its end the failure shows"
        );
    });
}

#[test]
fn recovery_follows_the_service_within_thirty_seconds() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("old", HOUR))
        .then(FetchStep::error(refused()))
        .then(FetchStep::token("new", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(SOFT);
        hit(credential.get_token(SCOPE));
        fetch.finished(2).await;
        settle().await;
        clock.advance(seconds(30));
        hit(credential.get_token(SCOPE));
        fetch.finished(3).await;
        settle().await;
        assert_eq!(hit(credential.get_token(SCOPE)).secret(), "new");
    });
}

#[test]
fn a_refresh_that_brings_no_later_expiry_is_not_repeated_in_a_loop() {
    let clock = TestClock::new();
    let end = clock.wall() + HOUR;
    let fetch = ScriptedFetch::new()
        .respond_with(move |_, _| FetchStep::fetched(identity_base::Fetched::expiring_at("same", end)));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(SOFT);
        for _ in 0..200 {
            hit(credential.get_token(SCOPE));
            settle().await;
            clock.advance(seconds(1));
        }
    });
    // The first at once, the next after half of the remaining 520 s.
    assert_eq!(fetch.calls(), 2);
}

#[test]
fn a_caller_that_needs_a_token_does_not_share_a_failed_refresh() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("old", HOUR))
        .then(FetchStep::error(refused()).at(&gate))
        .then(FetchStep::token("new", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(SOFT);
        hit(credential.get_token(SCOPE));
        gate.arrivals(1).await;
        clock.jump_wall(3_600_000);
        let waiting = callers(&credential, 10);
        settle().await;
        gate.open();
        for task in waiting {
            assert_eq!(task.await.unwrap().unwrap().secret(), "new");
        }
    });
    assert_eq!(fetch.calls(), 3);
}

/// Calls every 30 s of a token's first 53 minutes; at which second its refresh began, when the service advised `refresh_in`.
fn refreshed_at(refresh_in: Duration) -> Option<u64> {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::fetched(
            identity_base::Fetched::new("old", HOUR).refresh_in(refresh_in),
        ))
        .respond_with(|_, _| FetchStep::token("new", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        for second in (0..3180).step_by(30) {
            assert_eq!(hit(credential.get_token(SCOPE)).secret(), "old");
            settle().await;
            if fetch.calls() > 1 {
                return Some(second);
            }
            clock.advance(seconds(30));
        }
        None
    })
}

#[test]
fn the_services_advice_decides_when_a_refresh_is_due_whatever_is_left() {
    // By up to a tenth of the life earlier, and not before half a minute has passed.
    let early = refreshed_at(seconds(600)).unwrap();
    assert!((240..=600).contains(&early), "{early}");
    assert_eq!(refreshed_at(seconds(30)), Some(30));
    assert_eq!(
        refreshed_at(seconds(3560)),
        None,
        "later than we would by ourselves"
    );
    let own = refreshed_at(Duration::ZERO).unwrap();
    assert!((2640..=3000).contains(&own), "no advice at all: {own}");
}

#[test]
fn a_token_that_ends_within_the_pause_after_a_failed_refresh_is_replaced_at_once() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("old", HOUR))
        .then(FetchStep::error(refused()))
        .then(FetchStep::token("new", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(seconds(3565));
        for _ in 0..2 {
            assert_eq!(hit(credential.get_token(SCOPE)).secret(), "old");
            settle().await;
            assert_eq!(fetch.calls(), 2, "one refresh, which failed");
        }
        clock.advance(seconds(10));
        assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "new");
    });
    assert_eq!(fetch.calls(), 3);
}

#[test]
fn an_older_answer_does_not_overwrite_a_newer_one() {
    let (slow, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("first", HOUR))
        .then(FetchStep::token("slow", HOUR).at(&slow))
        .then(FetchStep::token("challenged", HOUR));
    let credential = credential(&fetch, &clock);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        clock.advance(SOFT);
        hit(credential.get_token(SCOPE));
        slow.arrivals(1).await;
        clock.advance(seconds(1));
        let claims = identity_base::TokenRequest::new(SCOPE).claims("{}");
        assert_eq!(
            credential.get_token_with(claims).await.unwrap().secret(),
            "challenged"
        );
        slow.open();
        fetch.finished(3).await;
        settle().await;
        assert_eq!(hit(credential.get_token(SCOPE)).secret(), "challenged");
    });
}

#[test]
fn without_a_runtime_a_due_refresh_waits_for_one() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    block_on(credential.get_token(SCOPE)).unwrap();
    clock.advance(SOFT);
    hit(credential.get_token(SCOPE));
    assert_eq!(fetch.calls(), 1);
    block_on(async {
        hit(credential.get_token(SCOPE));
        fetch.finished(2).await;
    });
}

#[test]
fn a_token_of_four_minutes_needs_one_request_for_fifty_calls() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new().then(FetchStep::token("short", seconds(240)));
    let credential = credential(&fetch, &clock);
    block_on(async {
        for _ in 0..50 {
            credential.get_token(SCOPE).await.unwrap();
            settle().await;
        }
    });
    assert_eq!(fetch.calls(), 1);
}
