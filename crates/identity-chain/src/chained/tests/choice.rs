//! Choosing together: who waits for whom, and what is left when everybody has gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use identity_base::{CloseFuture, TokenFuture};
use tracing::Level;

use super::*;

/// A tool that refuses what isn't `good`, each time after half a second.
fn choosy(clock: &TestClock) -> ScriptedFetch {
    let clock = clock.clone();
    ScriptedFetch::new().respond_with(move |_, request| {
        let step = match request.scopes().joined().as_str() {
            "good" => FetchStep::token("good", HOUR),
            _ => FetchStep::error(Error::new(ErrorKind::AuthenticationFailed, "no such scope")),
        };
        step.after(clock.clone(), Duration::from_millis(500))
    })
}

#[test]
fn refusals_of_many_scopes_take_two_fetch_times_whatever_their_number() {
    let clock = TestClock::new();
    let (first, second) = (choosy(&clock), choosy(&clock));
    let credential = ChainedTokenCredential::builder()
        .push_developer_tool(cached(&first, &clock))
        .push_developer_tool(cached(&second, &clock))
        .build()
        .unwrap();
    let began = clock.wall();
    let scopes = ["a", "b", "c", "d", "e", "f", "g", "h"];
    clock.block_on(async {
        let tasks = scopes.map(|scope| {
            let credential = credential.clone();
            tokio::spawn(async move { credential.get_token(&[scope]).await })
        });
        for task in tasks {
            let error = task.await.unwrap().unwrap_err();
            assert_eq!(error.attempts().len(), 2, "both were asked for this scope");
        }
    });
    // Two members take a second; the first scope alone, then all the others at once.
    let took = clock.wall().duration_since(began).unwrap();
    assert!(took <= Duration::from_secs(2), "{took:?}");
    assert_eq!((first.calls(), second.calls()), (scopes.len(), scopes.len()));
}

#[test]
fn who_waits_for_a_refused_scope_shares_its_own_attempt_with_its_like() {
    let clock = TestClock::new();
    let fetch = choosy(&clock);
    // Not through the token engine, which would share as well.
    let asked = FailingCredential::new(Error::new(ErrorKind::AuthenticationFailed, "no such scope"));
    let gate = Gate::closed();
    let credential = ChainedTokenCredential::builder()
        .push_developer_tool(Arc::new(asked.clone().at(&gate)))
        .push_developer_tool(cached(&fetch, &clock))
        .build()
        .unwrap();
    clock.block_on(async {
        let first = spawn(&credential, &["bad"]);
        gate.arrivals(1).await;
        let others: Vec<_> = (0..100).map(|_| spawn(&credential, &["good"])).collect();
        settle().await;
        gate.open();
        assert!(first.await.unwrap().is_err());
        for other in others {
            assert_eq!(other.await.unwrap().unwrap().secret(), "good");
        }
    });
    assert_eq!((asked.calls(), fetch.calls()), (2, 2), "once for each scope");
}

#[test]
fn callers_with_the_same_challenge_share_one_choice() {
    let gate = Gate::closed();
    let member = StaticCredential::new("t").at(&gate);
    let credential = chain(vec![Arc::new(member.clone())]);
    block_on(async {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let credential = credential.clone();
                tokio::spawn(async move {
                    let request = TokenRequest::new(SCOPE).claims(r#"{"a":1}"#).tenant_id("T");
                    credential.get_token_with(request).await
                })
            })
            .collect();
        gate.arrivals(1).await;
        settle().await;
        gate.open();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!(member.calls(), 1);
}

#[test]
fn a_choice_that_everybody_left_keeps_nothing_alive() {
    #[derive(Debug)]
    struct Counted(Arc<()>);
    impl TokenCredential for Counted {
        fn get_token_with(&self, _: TokenRequest<'_>) -> TokenFuture<'_> {
            let held = Arc::clone(&self.0);
            TokenFuture::new(async move {
                std::future::pending::<()>().await;
                drop(held);
                Err(Error::unavailable("never"))
            })
        }
        fn close(&self) -> CloseFuture<'_> {
            CloseFuture::ready()
        }
        fn name(&self) -> &'static str {
            "Counted"
        }
    }
    let count = Arc::new(());
    let credential = chain(vec![Arc::new(Counted(Arc::clone(&count)))]);
    let shared = Arc::downgrade(&credential.0);
    block_on(async {
        for _ in 0..3 {
            let waiting = spawn(&credential, SCOPE);
            let other = spawn(&credential, &["other"]);
            settle().await;
            assert_eq!(Arc::strong_count(&count), 3, "asked once: test, member, request");
            waiting.abort();
            other.abort();
            drop((waiting.await, other.await));
            // What was asked is given up, so that a child that runs for it is ended.
            assert_eq!(Arc::strong_count(&count), 2);
        }
        drop(credential);
        settle().await;
    });
    assert_eq!(shared.strong_count(), 0, "the chain is gone");
    assert_eq!(Arc::strong_count(&count), 1, "and its members with it");
}

#[test]
fn closing_forgets_the_choices_under_way() {
    let gate = Gate::closed();
    let member = StaticCredential::new("t").at(&gate);
    let credential = chain(vec![Arc::new(member.clone())]);
    block_on(async {
        let first = spawn(&credential, SCOPE);
        gate.arrivals(1).await;
        assert_eq!(credential.0.choices.count(), 1);
        credential.close().await;
        assert_eq!(credential.0.choices.count(), 0);
        let late = spawn(&credential, SCOPE);
        assert_eq!(late.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
        gate.open();
        first.await.unwrap().unwrap();
    });
    assert_eq!(member.calls(), 1);
}

#[test]
fn all_keep_to_the_first_choice_even_who_chose_another_at_the_same_time() {
    let (slow, fast) = (Gate::closed(), Gate::closed());
    // Refuses the first scope, so that the others are tried for themselves; then gives tokens, one of them late.
    let tool = ScriptedFetch::new().respond_with({
        let (slow, fast) = (slow.clone(), fast.clone());
        move |_, request| match request.scopes().joined().as_str() {
            "bad" => FetchStep::error(Error::new(ErrorKind::AuthenticationFailed, "no")).at(&fast),
            "slow" => FetchStep::error(Error::new(ErrorKind::AuthenticationFailed, "no")).at(&slow),
            _ => FetchStep::token("of-the-first", HOUR),
        }
    });
    let clock = TestClock::new();
    let credential = ChainedTokenCredential::builder()
        .push_developer_tool(cached(&tool, &clock))
        .push_developer_tool(Arc::new(
            FailingCredential::new(Error::new(ErrorKind::AuthenticationFailed, "no")).named("Between"),
        ))
        .build()
        .unwrap();
    block_on(async {
        let bad = spawn(&credential, &["bad"]);
        fast.arrivals(1).await;
        let late = spawn(&credential, &["slow"]);
        let good = spawn(&credential, &["good"]);
        settle().await;
        fast.open();
        assert!(bad.await.unwrap().is_err());
        assert_eq!(good.await.unwrap().unwrap().secret(), "of-the-first");
        slow.open();
        // The winner refused this scope, and that is the answer; nobody else is asked for another identity.
        let error = late.await.unwrap().unwrap_err();
        assert_eq!(
            (error.credential(), error.attempts().len()),
            (Some("ScriptedFetch"), 0)
        );
    });
    assert_eq!(credential.selected(), Some("ScriptedFetch"));
}

#[test]
fn members_know_of_the_chain_while_it_chooses_and_not_any_more_afterwards() {
    let (unset, works) = (FailingCredential::unavailable(), StaticCredential::new("t"));
    let members =
        || -> Vec<Arc<dyn TokenCredential>> { vec![Arc::new(unset.clone()), Arc::new(works.clone())] };
    let within = |seen: Vec<Result<identity_base::OwnedRequest, Error>>| -> Vec<bool> {
        seen.into_iter()
            .map(|seen| seen.unwrap().is_within_chain())
            .collect()
    };
    block_on(async {
        let credential = chain(members());
        credential.get_token(SCOPE).await.unwrap();
        credential.get_token(SCOPE).await.unwrap();
        assert_eq!(within(unset.requests()), [true]);
        assert_eq!(within(works.requests()), [true, false]);
        // A chain around it still chooses, when its own choice is made.
        let outer = chain(vec![Arc::new(credential)]);
        outer.get_token(SCOPE).await.unwrap();
        assert_eq!(within(works.requests()).last(), Some(&true));
    });
    // A chain of one that does what it does alone.
    let alone = StaticCredential::new("t");
    let credential = ChainedTokenCredential::builder()
        .push(Arc::new(alone.clone()))
        .with_softening(false)
        .build()
        .unwrap();
    block_on(credential.get_token(SCOPE)).unwrap();
    assert_eq!(within(alone.requests()), [false]);
}

#[test]
fn attempts_are_details_a_choice_is_news_and_a_failure_a_warning() {
    let levels = |credential: ChainedTokenCredential| -> Vec<(Level, String)> {
        identity_testkit::leak_guard::run(async |guard| {
            drop(credential.get_token(SCOPE).await);
            // Other tests run beside this one.
            let is_own = |log: &identity_testkit::leak_guard::LogRecord| {
                log.fields.iter().any(|(_, value)| value.contains("Levelled"))
            };
            let own = guard.logs().into_iter().filter(is_own);
            own.map(|log| (log.level, log.field("message").unwrap_or_default().to_owned()))
                .collect()
        })
    };
    let said = |list: &[(Level, &str)]| -> Vec<(Level, String)> {
        list.iter()
            .map(|(level, text)| (*level, (*text).to_owned()))
            .collect()
    };
    let unset =
        || -> Arc<dyn TokenCredential> { Arc::new(FailingCredential::unavailable().named("LevelledUnset")) };
    let works =
        || -> Arc<dyn TokenCredential> { Arc::new(StaticCredential::new("t").named("LevelledWorks")) };
    assert_eq!(
        levels(chain(vec![unset(), works()])),
        said(&[
            (Level::DEBUG, "credential gave no token"),
            (Level::INFO, "credential chosen")
        ])
    );
    assert_eq!(
        levels(chain(vec![unset()])),
        said(&[
            (Level::DEBUG, "credential gave no token"),
            (Level::WARN, "no credential chosen")
        ])
    );
    // What a chain within a chain says is a detail of the outer one.
    assert_eq!(
        levels(chain(vec![Arc::new(chain(vec![unset()])), works()])),
        said(&[
            (Level::DEBUG, "credential gave no token"),
            (Level::DEBUG, "no credential chosen"),
            (Level::DEBUG, "credential gave no token"),
            (Level::INFO, "credential chosen")
        ])
    );
    // And the token engine within the member.
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .named("LevelledEngine")
        .then(FetchStep::error(Error::unavailable("not here")));
    assert_eq!(
        levels(chain(vec![cached(&fetch, &clock), works()])),
        said(&[
            (Level::DEBUG, "no token obtained"),
            (Level::DEBUG, "credential gave no token"),
            (Level::INFO, "credential chosen")
        ])
    );
}

#[test]
fn a_panic_in_the_call_itself_is_an_attempt_as_well() {
    use std::sync::atomic::AtomicUsize;
    #[derive(Debug, Default)]
    struct Panics(AtomicUsize);
    impl TokenCredential for Panics {
        fn get_token_with(&self, _: TokenRequest<'_>) -> TokenFuture<'_> {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("before there is a future")
        }
        fn name(&self) -> &'static str {
            "Panics"
        }
    }
    let credential = chain(vec![Arc::new(Panics::default())]);
    block_on(async {
        let error = credential.get_token(SCOPE).await.unwrap_err();
        assert_eq!(error.attempts()[0].error().kind(), ErrorKind::Internal);
    });
}
