//! The bearer-token provider, over the token engine.

use identity_base::{bearer_token_provider, get_bearer_token_provider};
use identity_testkit::poll::settle;
use identity_testkit::{FetchStep, StaticCredential, block_on};

use super::*;

fn cached(fetch: &ScriptedFetch, clock: &TestClock) -> Arc<dyn TokenCredential> {
    Arc::new(credential(fetch, clock))
}

#[test]
fn it_gives_the_token_and_its_header() {
    let provider = get_bearer_token_provider(Arc::new(StaticCredential::new("abc")), SCOPE).unwrap();
    block_on(async {
        assert_eq!(provider.token().await.unwrap().secret(), "abc");
        let header = provider.header().await.unwrap();
        assert_eq!(header.as_bytes(), b"Bearer abc");
        assert!(header.is_sensitive());
        assert_eq!(provider.clone().into_fn()().await.unwrap(), "abc");
    });
    assert!(provider.cached().is_none(), "that credential has no handle");
    assert!(!format!("{provider:?}").contains("abc"));
}

#[test]
fn wrong_scopes_fail_at_once() {
    let error = bearer_token_provider(Arc::new(StaticCredential::new("abc")), &["no scope"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
}

#[test]
fn it_uses_the_cache_and_replaces_what_was_rejected() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let provider = bearer_token_provider(cached(&fetch, &clock), SCOPE).unwrap();
    block_on(async {
        let old = provider.token().await.unwrap();
        assert!(provider.cached().unwrap().is_same(&old) && provider.token().await.unwrap().is_same(&old));
        let new = provider.replace(&old).await.unwrap();
        assert!(!new.is_same(&old) && provider.cached().unwrap().is_same(&new));
    });
    assert_eq!(fetch.calls(), 2);
}

#[test]
fn a_subscriber_gets_each_token_once_and_the_new_one_soon_after_its_refresh() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("first", HOUR))
        .then(FetchStep::token("second", HOUR));
    let provider = bearer_token_provider(cached(&fetch, &clock), SCOPE).unwrap();
    block_on(async {
        let mut tokens = provider.subscribe(Arc::new(clock.clone()));
        assert_eq!(tokens.next().await.unwrap().secret(), "first");
        let next = tokio::spawn(async move { tokens.next().await.map(|token| token.secret().to_owned()) });
        clock.sleepers(1).await;
        assert!(
            clock.next_deadline().unwrap() <= Duration::from_secs(3000),
            "no look before it is due"
        );
        clock.run_for(Duration::from_secs(3010)).await;
        settle().await;
        assert_eq!(next.await.unwrap().unwrap(), "second");
    });
    assert_eq!(fetch.calls(), 2);
}
