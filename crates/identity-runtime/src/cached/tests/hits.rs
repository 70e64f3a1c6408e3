//! What is answered from the cache, and what isn't.

use std::time::UNIX_EPOCH;

use identity_base::{Fetched, TokenRequest};
use identity_testkit::{FetchStep, block_on};

use super::*;

#[test]
fn a_cached_token_is_ready_on_the_first_poll_even_without_a_runtime() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential: Arc<dyn TokenCredential> = Arc::new(credential(&fetch, &clock));
    let first = block_on(credential.get_token(SCOPE)).unwrap();
    assert!(hit(credential.get_token(SCOPE)).is_same(&first));
    assert_eq!(fetch.calls(), 1);
}

#[test]
fn the_token_knows_when_it_expires_and_when_to_refresh() {
    let (fetch, clock) = (
        ScriptedFetch::new().then(FetchStep::token("t", HOUR)),
        TestClock::new(),
    );
    let token = block_on(credential(&fetch, &clock).get_token(SCOPE)).unwrap();
    assert_eq!(token.expires_on(), clock.wall() + HOUR);
    assert_eq!(token.refresh_on(), Some(clock.wall() + seconds(3000)));
}

#[test]
fn scopes_in_any_order_are_one_key_and_other_scopes_another() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    block_on(async {
        let first = credential.get_token(&["b", "a"]).await.unwrap();
        for same in [&["a", "b"][..], &["b", "a"], &["b", "a", "b"]] {
            assert!(hit(credential.get_token(same)).is_same(&first), "{same:?}");
        }
        for other in [&["a"][..], &["b"], &["a", "c"]] {
            assert!(
                !credential.get_token(other).await.unwrap().is_same(&first),
                "{other:?}"
            );
        }
        assert_eq!(fetch.calls(), 4);
        assert_eq!(
            fetch.records()[0].scopes.joined(),
            "b a",
            "the wire keeps the caller's order"
        );
    });
}

#[test]
fn tenants_and_cae_have_tokens_of_their_own() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    block_on(async {
        let own = credential.get_token(SCOPE).await.unwrap();
        let cae = credential
            .get_token_with(TokenRequest::new(SCOPE).enable_cae(true))
            .await
            .unwrap();
        let other = credential
            .get_token_with(TokenRequest::new(SCOPE).tenant_id("Other"))
            .await
            .unwrap();
        assert!(!cae.is_same(&own) && !other.is_same(&own) && !other.is_same(&cae));
        assert!(hit(credential.get_token_with(TokenRequest::new(SCOPE).enable_cae(true))).is_same(&cae));
        assert!(hit(credential.get_token_with(TokenRequest::new(SCOPE).tenant_id("oTHER"))).is_same(&other));
        assert!(hit(credential.get_token(SCOPE)).is_same(&own));
        assert_eq!(fetch.calls(), 3);
    });
}

#[test]
fn a_tenant_that_is_not_allowed_fails_without_a_fetch_even_when_a_token_is_cached() {
    let fetch = ScriptedFetch::new().with_tenants(|_| Err(refused()));
    let credential = credential(&fetch, &TestClock::new());
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        let error = credential
            .get_token_with(TokenRequest::new(SCOPE).tenant_id("x"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.credential(), fetch.calls()),
            (ErrorKind::AuthenticationFailed, Some("ScriptedFetch"), 1)
        );
    });
}

#[test]
fn claims_bypass_the_cache_and_replace_the_entry() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    block_on(async {
        let old = credential.get_token(SCOPE).await.unwrap();
        let new = credential
            .get_token_with(TokenRequest::new(SCOPE).claims("{\"a\":1}"))
            .await
            .unwrap();
        assert!(!new.is_same(&old));
        assert!(
            hit(credential.get_token(SCOPE)).is_same(&new),
            "also with an equal expiry"
        );
        assert_eq!(fetch.records()[1].claims.as_deref(), Some("{\"a\":1}"));
        let error = credential
            .get_token_with(TokenRequest::new(SCOPE).claims("no json"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), fetch.calls()),
            (ErrorKind::InvalidConfiguration, 2)
        );
    });
}

#[test]
fn a_token_with_too_little_time_left_is_replaced_but_not_in_a_loop() {
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("a", seconds(600)))
        .then(FetchStep::token("b", seconds(600)));
    let clock = TestClock::new();
    let credential = credential(&fetch, &clock);
    let at_least = |time| TokenRequest::new(SCOPE).min_remaining(time);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        hit(credential.get_token_with(at_least(seconds(500))));
        clock.advance(seconds(200));
        assert_eq!(
            credential
                .get_token_with(at_least(seconds(500)))
                .await
                .unwrap()
                .secret(),
            "b"
        );
        assert_eq!(
            hit(credential.get_token_with(at_least(seconds(6000)))).secret(),
            "b",
            "longer ones aren't to be had"
        );
        assert_eq!(fetch.calls(), 2);
    });
}

#[test]
fn wrong_scopes_fail_without_a_fetch() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    for wrong in [&[][..], &[""], &["a b"], &["a", "\n"]] {
        let error = credential.get_token(wrong).try_now().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{wrong:?}");
    }
    assert_eq!(fetch.calls(), 0);
}

#[test]
fn answers_that_are_no_token_are_errors_and_nothing_is_cached() {
    let steps = [
        Fetched::new("", HOUR),
        Fetched::new("a\r\nb", HOUR),
        Fetched::new("t", Duration::ZERO),
        Fetched::expiring_at("t", UNIX_EPOCH),
    ];
    for step in steps {
        let fetch = ScriptedFetch::new().then(FetchStep::fetched(step));
        let clock = TestClock::new();
        let credential = credential(&fetch, &clock);
        block_on(async {
            assert_eq!(
                credential.get_token(SCOPE).await.unwrap_err().kind(),
                ErrorKind::Protocol
            );
            clock.advance(seconds(2));
            credential.get_token(SCOPE).await.unwrap();
        });
        assert_eq!(fetch.calls(), 2);
    }
}

#[test]
fn a_handle_serves_and_fetches_like_the_credential() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential = credential(&fetch, &clock);
    let handle = credential.handle(SCOPE).unwrap();
    assert!(handle.cached().is_none());
    let token = block_on(handle.token()).unwrap();
    assert!(handle.cached().unwrap().is_same(&token) && hit(credential.get_token(SCOPE)).is_same(&token));
    assert_eq!(fetch.calls(), 1);
    clock.advance(HOUR);
    assert!(handle.cached().is_none(), "not after the end");
    assert!(credential.handle(&["not a scope"]).is_none());
}

#[test]
fn tokens_are_never_served_past_their_end_on_either_clock() {
    for forward in [true, false] {
        let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
        let credential = credential(&fetch, &clock);
        block_on(credential.get_token(SCOPE)).unwrap();
        match forward {
            true => clock.jump_wall(3_600_000),
            false => {
                clock.jump_wall(-90_000_000);
                clock.jump_elapsed(HOUR);
            }
        }
        assert!(
            credential.get_token(SCOPE).try_now().is_err(),
            "forward {forward}"
        );
        clock.jump_wall(-90_000_000);
        assert_eq!(
            credential.get_token(SCOPE).try_now().is_err(),
            !forward,
            "set back: never revives what elapsed, and a wrong wall clock may be put right"
        );
    }
}

#[test]
fn futures_can_be_stored_joined_selected_collected_and_spawned() {
    block_on(stored_joined_selected_collected_and_spawned());
}

async fn stored_joined_selected_collected_and_spawned() {
    let (fetch, clock) = (ScriptedFetch::new(), TestClock::new());
    let credential: Arc<dyn TokenCredential> = Arc::new(credential(&fetch, &clock));
    let stored: Vec<TokenFuture<'_>> = ["a", "b", "c"]
        .iter()
        .map(|scope| credential.get_token(&[*scope]))
        .collect();
    for future in stored {
        future.await.unwrap();
    }
    let scope = String::from("d");
    let joined = {
        let borrowed = [scope.as_str()];
        credential.get_token(&borrowed)
    };
    joined.await.unwrap();
    let owned = vec![scope];
    credential
        .get_token_with(TokenRequest::new(&owned))
        .await
        .unwrap();
    let selected = super::super::race::race(credential.get_token(&["e"]), std::future::pending::<()>()).await;
    assert!(matches!(selected, super::super::race::First::Left(Ok(_))));
    let shared = Arc::clone(&credential);
    tokio::spawn(async move { shared.get_token(&["f"]).await })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(fetch.calls(), 6);
}
