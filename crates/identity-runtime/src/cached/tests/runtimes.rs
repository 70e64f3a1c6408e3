//! Flights and the runtimes they live on. These use the real clock: a runtime that isn't driven is what they are about.
#![expect(clippy::disallowed_methods, reason = "the bound of 1.5 s is one of real time")]

use std::sync::mpsc;
use std::time::Instant;

use identity_base::FetchPolicy;
use identity_testkit::{FetchStep, Gate};

use super::*;

fn real(fetch: &ScriptedFetch) -> Cached<ScriptedFetch> {
    Cached::new(fetch.clone(), &ClientOptions::default())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Begins a flight on `first` that hangs, and leaves the future unfinished there.
fn begin(first: &tokio::runtime::Runtime, credential: &Cached<ScriptedFetch>, fetch: &ScriptedFetch) {
    let task = callers_on(first, credential);
    first.block_on(fetch.started(1));
    drop(task);
}

fn callers_on(
    runtime: &tokio::runtime::Runtime,
    credential: &Cached<ScriptedFetch>,
) -> tokio::task::JoinHandle<Result<AccessToken, Error>> {
    let credential = credential.clone();
    runtime.spawn(async move { credential.get_token(SCOPE).await })
}

#[test]
fn a_flight_whose_runtime_is_dropped_is_begun_anew_elsewhere() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::hang())
        .then(FetchStep::token("t", HOUR));
    let credential = real(&fetch);
    let first = runtime();
    begin(&first, &credential, &fetch);
    drop(first);
    let began = Instant::now();
    assert_eq!(
        runtime().block_on(credential.get_token(SCOPE)).unwrap().secret(),
        "t"
    );
    assert!(
        began.elapsed() < Duration::from_millis(1500),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_flight_whose_runtime_is_kept_but_not_driven_is_begun_anew_elsewhere() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::hang())
        .then(FetchStep::token("t", HOUR));
    let credential = real(&fetch);
    let first = runtime();
    begin(&first, &credential, &fetch);
    let began = Instant::now();
    assert_eq!(
        runtime().block_on(credential.get_token(SCOPE)).unwrap().secret(),
        "t"
    );
    assert!(
        began.elapsed() < Duration::from_millis(1500),
        "{:?}",
        began.elapsed()
    );
    // Driven again, the first runtime finds the token as well.
    assert_eq!(first.block_on(credential.get_token(SCOPE)).unwrap().secret(), "t");
    assert_eq!((fetch.calls(), fetch.abandoned()), (2, 1));
}

#[test]
fn a_waiter_elsewhere_survives_the_drop_of_the_flights_runtime_in_mid_wait() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::hang())
        .then(FetchStep::token("t", HOUR));
    let credential = real(&fetch);
    let first = runtime();
    begin(&first, &credential, &fetch);
    let (told, tell) = mpsc::channel();
    let waiter = std::thread::spawn({
        let credential = credential;
        move || {
            runtime().block_on(async {
                let mut token = Box::pin(credential.get_token(SCOPE));
                use identity_testkit::poll::PollOnce;
                assert!(token.poll_once().is_pending());
                told.send(()).unwrap();
                token.await
            })
        }
    });
    tell.recv().unwrap();
    drop(first);
    assert_eq!(waiter.join().unwrap().unwrap().secret(), "t");
}

#[test]
fn a_live_runtime_keeps_its_flight_for_waiters_elsewhere() {
    let gate = Gate::closed();
    let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).at(&gate));
    let credential = real(&fetch);
    let first = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let task = callers_on(&first, &credential);
    let waiter = std::thread::spawn({
        move || {
            runtime().block_on(async {
                gate.arrivals(1).await;
                let opener = {
                    let gate = gate.clone();
                    async move {
                        // Longer than one look at the other runtime.
                        identity_base::seam::Clock::sleep(
                            &crate::os::SystemClock::new(),
                            Duration::from_millis(1200),
                        )
                        .await;
                        gate.open();
                    }
                };
                tokio::spawn(opener);
                credential.get_token(SCOPE).await
            })
        }
    });
    assert_eq!(waiter.join().unwrap().unwrap().secret(), "t");
    assert_eq!(first.block_on(task).unwrap().unwrap().secret(), "t");
    assert_eq!(fetch.calls(), 1);
}

#[test]
fn a_single_use_grant_is_never_begun_anew() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::hang())
        .with_policy(FetchPolicy::new().with_single_use(true));
    let credential = real(&fetch);
    let first = runtime();
    begin(&first, &credential, &fetch);
    let deadline = identity_base::TokenRequest::new(SCOPE).deadline(Duration::from_millis(1300));
    let error = runtime()
        .block_on(credential.get_token_with(deadline))
        .unwrap_err();
    assert_eq!((error.kind(), fetch.calls()), (ErrorKind::Timeout, 1));
}

#[test]
fn a_credential_made_on_one_runtime_works_on_another() {
    let fetch = ScriptedFetch::new();
    let first = runtime();
    let credential = first.block_on(async { real(&fetch) });
    first.block_on(credential.get_token(SCOPE)).unwrap();
    drop(first);
    hit(credential.get_token(SCOPE));
    runtime().block_on(credential.get_token(&["other"])).unwrap();
}

#[test]
fn a_single_use_grant_on_a_runtime_that_is_not_driven_is_not_waited_for_for_ever() {
    let fetch = ScriptedFetch::new().then(FetchStep::hang()).with_policy(
        FetchPolicy::new()
            .with_single_use(true)
            .with_total(Duration::from_millis(100)),
    );
    let credential = real(&fetch);
    let first = runtime();
    begin(&first, &credential, &fetch);
    let error = runtime().block_on(credential.get_token(SCOPE)).unwrap_err();
    assert_eq!((error.kind(), fetch.calls()), (ErrorKind::OutcomeUnknown, 1));
}
