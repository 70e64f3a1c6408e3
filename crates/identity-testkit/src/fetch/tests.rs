//! Tests of the scripted source.

use identity_base::{ErrorKind, Scopes};

use super::*;
use crate::poll::{PollOnce as _, block_on};
use crate::{Gate, TestClock};

fn request() -> OwnedRequest {
    OwnedRequest::new(Scopes::parse(["api://a/.default"]).unwrap())
}

fn secret(result: Result<Fetched, Error>) -> String {
    result.unwrap().token.expose().to_owned()
}

#[test]
fn the_script_comes_first_then_numbered_tokens() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::error(Error::new(ErrorKind::Transport, "no route")))
        .then(FetchStep::token("second", LIFETIME));
    block_on(async {
        let request = request()
            .with_claims("{}")
            .with_tenant("t")
            .with_cae(true)
            .with_background(true);
        assert_eq!(
            fetch.fetch(&request).await.unwrap_err().kind(),
            ErrorKind::Transport
        );
        assert_eq!(secret(fetch.fetch(&request).await), "second");
        assert_eq!(secret(fetch.fetch(&request).await), "token-3");
    });
    assert_eq!(
        (
            fetch.calls(),
            fetch.ended(),
            fetch.in_flight(),
            fetch.most_at_once()
        ),
        (3, 3, 0, 1)
    );
    let record = &fetch.records()[0];
    assert_eq!(
        (record.claims.as_deref(), record.tenant.as_deref()),
        (Some("{}"), Some("t"))
    );
    assert!(record.cae && record.background);
}

#[test]
fn the_closure_decides_when_the_script_is_at_its_end() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("scripted", LIFETIME))
        .respond_with(|number, request| FetchStep::token(format!("{number}-{}", request.scopes()), LIFETIME));
    block_on(async {
        assert_eq!(secret(fetch.fetch(&request()).await), "scripted");
        assert_eq!(secret(fetch.fetch(&request()).await), "2-api://a/.default");
    });
}

#[test]
fn gates_and_sleeps_hold_a_fetch_up_in_order() {
    let (gate, clock) = (Gate::closed(), TestClock::new());
    let fetch = ScriptedFetch::new().then(
        FetchStep::numbered(LIFETIME)
            .at(&gate)
            .after(clock.clone(), Duration::from_secs(1))
            .yielding(2),
    );
    let request = request();
    let mut call = Box::pin(fetch.fetch(&request));
    assert!(call.poll_once().is_pending());
    assert_eq!((gate.waiting(), clock.sleeping(), fetch.in_flight()), (1, 0, 1));
    gate.open();
    assert!(call.poll_once().is_pending());
    assert_eq!((gate.waiting(), clock.sleeping()), (0, 1));
    clock.advance(Duration::from_secs(1));
    assert!(call.poll_once().is_pending());
    assert!(call.poll_once().is_pending());
    assert!(call.poll_once().is_ready());
    assert_eq!(fetch.ended(), 1);
}

#[test]
fn dropped_and_panicking_fetches_are_told_apart() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::hang())
        .then(FetchStep::panic("boom"));
    block_on(async {
        let first = tokio::spawn({
            let fetch = fetch.clone();
            async move { fetch.fetch(&request()).await }
        });
        fetch.started(1).await;
        first.abort();
        fetch.finished(1).await;
        assert_eq!((fetch.ended(), fetch.abandoned()), (0, 1));
        let second = tokio::spawn({
            let fetch = fetch.clone();
            async move { fetch.fetch(&request()).await }
        });
        assert!(second.await.unwrap_err().is_panic());
        assert_eq!((fetch.ended(), fetch.abandoned(), fetch.in_flight()), (1, 1, 0));
    });
}

#[test]
fn settings_are_told_to_the_engine() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("kept", LIFETIME))
        .named("Mine")
        .with_policy(FetchPolicy::new().with_single_use(true))
        .with_tenants(|tenant| match tenant {
            "own" => Ok(None),
            _ => Err(Error::new(ErrorKind::AuthenticationFailed, "not allowed")),
        });
    assert_eq!(fetch.name(), "Mine");
    assert!(fetch.policy().single_use);
    assert_eq!(fetch.resolve_tenant("own").unwrap(), None);
    assert!(fetch.resolve_tenant("other").is_err());
    fetch.set_generation(3);
    assert_eq!(fetch.generation(), 3);
    let identity = |fetch: &ScriptedFetch| {
        let mut key = KeyBuilder::new();
        fetch.cache_identity(&mut key);
        key.finish()
    };
    assert_ne!(
        identity(&fetch),
        identity(&ScriptedFetch::new().with_identity("b"))
    );
    block_on(async {
        assert_eq!(secret(fetch.fetch(&request()).await), "kept");
        fetch.close().await;
    });
    assert_eq!(fetch.closed(), 1);
}
