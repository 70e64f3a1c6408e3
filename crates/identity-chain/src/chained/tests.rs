//! Tests of the chain.

mod choice;

use std::sync::Arc;
use std::time::Duration;

use identity_base::{AccessToken, Error, ErrorKind, TokenCredential, TokenFuture, TokenRequest};
use identity_runtime::{Cached, ClientOptions};
use identity_testkit::poll::settle;
use identity_testkit::{
    FailingCredential, FetchStep, Gate, ScriptedFetch, StaticCredential, TestClock, block_on,
};

use super::ChainedTokenCredential;

const SCOPE: &[&str] = &["scope"];
const HOUR: Duration = Duration::from_secs(3600);

fn chain(members: Vec<Arc<dyn TokenCredential>>) -> ChainedTokenCredential {
    ChainedTokenCredential::new(members).unwrap()
}

fn failing(kind: ErrorKind) -> FailingCredential {
    FailingCredential::new(Error::new(kind, "refused"))
}

fn cached(fetch: &ScriptedFetch, clock: &TestClock) -> Arc<dyn TokenCredential> {
    Arc::new(Cached::new(
        fetch.clone(),
        &ClientOptions::default().with_clock(Arc::new(clock.clone())),
    ))
}

#[test]
fn an_empty_chain_is_an_error() {
    assert_eq!(
        ChainedTokenCredential::new(Vec::new()).unwrap_err().kind(),
        ErrorKind::InvalidConfiguration
    );
}

#[test]
fn the_first_that_answers_is_used_and_remembered() {
    let (unset, works, never) = (
        FailingCredential::unavailable(),
        StaticCredential::new("t"),
        StaticCredential::new("x"),
    );
    let credential = chain(vec![
        Arc::new(unset.clone()),
        Arc::new(works.clone()),
        Arc::new(never.clone()),
    ]);
    assert_eq!(credential.selected(), None);
    block_on(async {
        for _ in 0..5 {
            assert_eq!(credential.get_token(SCOPE).await.unwrap().secret(), "t");
        }
        assert_eq!(credential.get_token(&["other"]).await.unwrap().secret(), "t");
    });
    assert_eq!((unset.calls(), works.calls(), never.calls()), (1, 6, 0));
    assert_eq!(credential.selected(), Some(works.name()));
}

#[test]
fn all_unavailable_is_unavailable_so_that_chains_nest_and_programs_fall_back() {
    let inner = chain(vec![
        Arc::new(FailingCredential::unavailable()),
        Arc::new(failing(ErrorKind::AuthenticationRequired)),
    ]);
    let outer = chain(vec![
        Arc::new(inner.clone()),
        Arc::new(StaticCredential::new("t")),
    ]);
    block_on(async {
        let error = inner.get_token(SCOPE).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts().len(), error.credential()),
            (
                ErrorKind::CredentialUnavailable,
                2,
                Some("ChainedTokenCredential")
            )
        );
        assert!(error.to_string().lines().count() == 3, "a line each: {error}");
        assert_eq!(outer.get_token(SCOPE).await.unwrap().secret(), "t");
    });
}

#[test]
fn a_refusal_stops_the_chain_and_is_told_with_what_came_before() {
    for kind in [
        ErrorKind::AuthenticationFailed,
        ErrorKind::Transport,
        ErrorKind::Protocol,
        ErrorKind::InvalidConfiguration,
        ErrorKind::Timeout,
    ] {
        let never = StaticCredential::new("t");
        let refused = FailingCredential::new(
            Error::new(kind, "refused")
                .with_aadsts(7_000_215)
                .with_retry_after(Duration::from_secs(9)),
        );
        let credential = chain(vec![
            Arc::new(FailingCredential::unavailable()),
            Arc::new(refused),
            Arc::new(never.clone()),
        ]);
        let error = block_on(credential.get_token(SCOPE)).unwrap_err();
        assert_eq!(
            (error.kind(), never.calls(), error.attempts().len()),
            (ErrorKind::AuthenticationFailed, 0, 2),
            "{kind:?}"
        );
        assert_eq!(
            (error.aadsts(), error.retry_after()),
            (Some(7_000_215), Some(Duration::from_secs(9)))
        );
        assert_eq!(error.is_transient(), kind.is_transient());
    }
}

#[test]
fn a_developer_tool_never_stops_the_chain_but_a_foreign_identity_does() {
    for (kind, goes_on) in [
        (ErrorKind::AuthenticationFailed, true),
        (ErrorKind::Timeout, true),
        (ErrorKind::IdentityMismatch, false),
    ] {
        let next = StaticCredential::new("t");
        let credential = ChainedTokenCredential::builder()
            .push_developer_tool(Arc::new(failing(kind)))
            .push(Arc::new(next))
            .build()
            .unwrap();
        let result = block_on(credential.get_token(SCOPE));
        assert_eq!(result.is_ok(), goes_on, "{kind:?}");
        if let Err(error) = result {
            assert_eq!(error.kind(), kind);
        }
    }
    let only = ChainedTokenCredential::builder()
        .push_developer_tool(Arc::new(failing(ErrorKind::AuthenticationFailed)))
        .build()
        .unwrap();
    assert!(block_on(only.get_token(SCOPE)).unwrap_err().is_unavailable());
}

#[test]
fn the_winners_later_failure_is_the_chains_and_nobody_else_is_asked() {
    let clock = TestClock::new();
    let fetch = ScriptedFetch::new()
        .then(FetchStep::token("t", HOUR))
        .then(FetchStep::error(Error::unavailable("gone")));
    let never = StaticCredential::new("x");
    let credential = chain(vec![cached(&fetch, &clock), Arc::new(never.clone())]);
    block_on(async {
        credential.get_token(SCOPE).await.unwrap();
        let error = credential.get_token(&["other"]).await.unwrap_err();
        assert_eq!(
            (error.credential(), error.attempts().len(), never.calls()),
            (Some("ScriptedFetch"), 0, 0)
        );
    });
}

#[test]
fn claims_tenant_and_cae_reach_every_member() {
    let (unset, works) = (FailingCredential::unavailable(), StaticCredential::new("t"));
    let credential = chain(vec![Arc::new(unset.clone()), Arc::new(works.clone())]);
    let request = || {
        TokenRequest::new(SCOPE)
            .claims("{}")
            .tenant_id("tenant")
            .enable_cae(true)
    };
    block_on(async {
        credential.get_token_with(request()).await.unwrap();
        credential.get_token_with(request()).await.unwrap();
    });
    for seen in unset.requests().into_iter().chain(works.requests()) {
        let seen = seen.unwrap();
        assert_eq!(
            (seen.claims(), seen.tenant(), seen.is_cae_enabled()),
            (Some("{}"), Some("tenant"), true)
        );
    }
}

#[test]
fn a_thousand_first_callers_ask_each_member_once() {
    let (clock, gate) = (TestClock::new(), Gate::closed());
    let unset = FailingCredential::unavailable().at(&gate);
    let fetch = ScriptedFetch::new();
    let credential = chain(vec![Arc::new(unset.clone()), cached(&fetch, &clock)]);
    block_on(async {
        let tasks: Vec<_> = (0..1000).map(|_| spawn(&credential, SCOPE)).collect();
        gate.arrivals(1).await;
        settle().await;
        gate.open();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!((unset.calls(), fetch.calls()), (1, 1));
}

#[test]
fn a_thousand_first_callers_share_a_failure() {
    let gate = Gate::closed();
    let refused = failing(ErrorKind::AuthenticationFailed).at(&gate);
    let credential = chain(vec![Arc::new(refused.clone())]);
    block_on(async {
        let tasks: Vec<_> = (0..1000).map(|_| spawn(&credential, SCOPE)).collect();
        gate.arrivals(1).await;
        settle().await;
        gate.open();
        for task in tasks {
            assert_eq!(
                task.await.unwrap().unwrap_err().kind(),
                ErrorKind::AuthenticationFailed
            );
        }
    });
    assert_eq!(refused.calls(), 1);
}

#[test]
fn three_scopes_at_once_take_two_fetch_times_and_one_probe() {
    let clock = TestClock::new();
    let unset = FailingCredential::unavailable();
    let fetch = ScriptedFetch::new().respond_with({
        let clock = clock.clone();
        move |_, _| FetchStep::numbered(HOUR).after(clock.clone(), Duration::from_millis(500))
    });
    let credential = chain(vec![Arc::new(unset.clone()), cached(&fetch, &clock)]);
    let began = clock.wall();
    clock.block_on(async {
        let tasks = [&["a"], &["b"], &["c"]].map(|scopes| spawn(&credential, scopes));
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!((unset.calls(), fetch.calls()), (1, 3));
    assert!(clock.wall().duration_since(began).unwrap() <= Duration::from_secs(1));
}

#[test]
fn a_tools_refusal_of_one_scope_is_not_handed_to_another() {
    let (clock, gate) = (TestClock::new(), Gate::closed());
    let fetch = ScriptedFetch::new().respond_with({
        let gate = gate.clone();
        move |_, request| match request.scopes().joined().as_str() {
            "bad" => FetchStep::error(Error::new(ErrorKind::AuthenticationFailed, "no such scope")).at(&gate),
            _ => FetchStep::token("good", HOUR),
        }
    });
    let credential = ChainedTokenCredential::builder()
        .push_developer_tool(cached(&fetch, &clock))
        .build()
        .unwrap();
    block_on(async {
        let bad = spawn(&credential, &["bad"]);
        gate.arrivals(1).await;
        let good = spawn(&credential, &["good"]);
        settle().await;
        gate.open();
        assert!(bad.await.unwrap().unwrap_err().is_unavailable());
        assert_eq!(good.await.unwrap().unwrap().secret(), "good");
    });
}

#[test]
fn an_answer_to_a_special_request_is_not_handed_to_a_plain_one() {
    let (clock, gate) = (TestClock::new(), Gate::closed());
    let fetch = ScriptedFetch::new().then(FetchStep::token("of-the-other-tenant", HOUR).at(&gate));
    let credential = chain(vec![cached(&fetch, &clock)]);
    block_on(async {
        let other = tokio::spawn({
            let credential = credential.clone();
            async move {
                credential
                    .get_token_with(TokenRequest::new(SCOPE).tenant_id("other"))
                    .await
            }
        });
        gate.arrivals(1).await;
        let plain = spawn(&credential, SCOPE);
        settle().await;
        gate.open();
        assert_eq!(other.await.unwrap().unwrap().secret(), "of-the-other-tenant");
        assert_ne!(plain.await.unwrap().unwrap().secret(), "of-the-other-tenant");
    });
}

#[test]
fn a_first_caller_that_leaves_costs_the_others_nothing() {
    let (clock, gate) = (TestClock::new(), Gate::closed());
    let unset = FailingCredential::unavailable().at(&gate);
    let credential = chain(vec![
        Arc::new(unset.clone()),
        cached(&ScriptedFetch::new(), &clock),
    ]);
    block_on(async {
        let first = spawn(&credential, SCOPE);
        gate.arrivals(1).await;
        let follower = spawn(&credential, SCOPE);
        settle().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        gate.open();
        follower.await.unwrap().unwrap();
    });
    assert_eq!(unset.calls(), 1);
}

#[test]
fn a_member_that_panics_is_an_attempt_and_the_chain_lives_on() {
    #[derive(Debug)]
    struct Panics;
    impl TokenCredential for Panics {
        fn get_token_with(&self, _request: TokenRequest<'_>) -> TokenFuture<'_> {
            TokenFuture::new(async { panic!("in a user's credential") })
        }
        fn name(&self) -> &'static str {
            "Panics"
        }
    }
    let credential = chain(vec![Arc::new(Panics)]);
    block_on(async {
        for _ in 0..2 {
            let error = credential.get_token(SCOPE).await.unwrap_err();
            assert_eq!(error.attempts()[0].error().kind(), ErrorKind::Internal);
        }
    });
}

#[test]
fn the_callers_deadline_cuts_the_wait_only() {
    let (clock, gate) = (TestClock::new(), Gate::closed());
    let fetch = ScriptedFetch::new().then(FetchStep::token("t", HOUR).at(&gate));
    let options = ClientOptions::default().with_clock(Arc::new(clock.clone()));
    let credential = super::ChainBuilder::new(&options)
        .push(cached(&fetch, &clock))
        .build()
        .unwrap();
    block_on(async {
        let hasty = tokio::spawn({
            let credential = credential.clone();
            async move {
                credential
                    .get_token_with(TokenRequest::new(SCOPE).deadline(Duration::from_secs(1)))
                    .await
            }
        });
        gate.arrivals(1).await;
        let patient = spawn(&credential, SCOPE);
        settle().await;
        clock.advance(Duration::from_secs(1));
        assert_eq!(hasty.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
        gate.open();
        assert_eq!(patient.await.unwrap().unwrap().secret(), "t");
    });
    assert_eq!(fetch.calls(), 1);
}

#[test]
fn a_handle_is_the_winners() {
    let credential = chain(vec![cached(&ScriptedFetch::new(), &TestClock::new())]);
    assert!(credential.handle(SCOPE).is_none(), "nobody is chosen yet");
    let token = block_on(credential.get_token(SCOPE)).unwrap();
    assert!(
        credential
            .handle(SCOPE)
            .unwrap()
            .cached()
            .unwrap()
            .is_same(&token)
    );
}

#[test]
fn closing_closes_every_member_once() {
    let (a, b) = (StaticCredential::new("t"), FailingCredential::unavailable());
    block_on(chain(vec![Arc::new(a.clone()), Arc::new(b.clone())]).close());
    assert_eq!((a.closed(), b.closed()), (1, 1));
}

#[test]
fn a_closed_chain_gives_nothing_whatever_its_members_do() {
    let member = StaticCredential::new("t");
    block_on(async {
        for was_used in [false, true] {
            let credential = chain(vec![Arc::new(member.clone())]);
            if was_used {
                credential.get_token(SCOPE).await.unwrap();
            }
            let calls = member.calls();
            credential.clone().close().await;
            let error = credential.get_token(SCOPE).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.credential(), member.calls()),
                (ErrorKind::Closed, Some("ChainedTokenCredential"), calls)
            );
            assert!(credential.handle(SCOPE).is_none());
        }
    });
}

#[test]
fn a_chain_that_is_closed_while_it_chooses_has_no_winner() {
    let gate = Gate::closed();
    let credential = chain(vec![Arc::new(StaticCredential::new("t").at(&gate))]);
    block_on(async {
        let first = spawn(&credential, SCOPE);
        gate.arrivals(1).await;
        credential.close().await;
        gate.open();
        // Who was served already is; nobody after.
        first.await.unwrap().unwrap();
        assert_eq!(credential.selected(), None);
        assert_eq!(
            credential.get_token(SCOPE).await.unwrap_err().kind(),
            ErrorKind::Closed
        );
    });
}

#[test]
fn the_nearest_cause_of_an_attempt_is_in_its_line() {
    let broken =
        Error::new(ErrorKind::Transport, "no connection").with_source(std::io::Error::other("refused"));
    let credential = chain(vec![Arc::new(FailingCredential::new(broken))]);
    let text = block_on(credential.get_token(SCOPE)).unwrap_err().to_string();
    assert!(
        text.contains("no connection (caused by: refused) [0 ms]"),
        "{text}"
    );
}

#[test]
fn wrong_scopes_fail_before_anybody_is_asked() {
    let member = StaticCredential::new("t");
    let error = block_on(chain(vec![Arc::new(member.clone())]).get_token(&["no scope"])).unwrap_err();
    assert_eq!(
        (error.kind(), member.calls()),
        (ErrorKind::InvalidConfiguration, 0)
    );
}

fn spawn(
    credential: &ChainedTokenCredential,
    scopes: &'static [&'static str],
) -> tokio::task::JoinHandle<Result<AccessToken, Error>> {
    let credential = credential.clone();
    tokio::spawn(async move { credential.get_token(scopes).await })
}
