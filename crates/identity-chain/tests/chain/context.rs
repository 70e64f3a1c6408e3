//! What members do differently while a chain chooses: in chains that users build, by a value that goes with each request and with nothing else.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use identity_base::{ErrorKind, TokenCredential, TokenFuture, TokenRequest};
use identity_chain::ChainedTokenCredential;
use identity_devtools::AzureCliCredential;
use identity_managed::ManagedIdentityCredential;
use identity_testkit::{HttpStep, ProcessStep, ScriptedHttp, StaticCredential};

use crate::world::{World, imds_token, is_probe, run, run_with};

fn managed(world: &World) -> Arc<dyn TokenCredential> {
    let builder = ManagedIdentityCredential::builder().with_options(&world.options());
    Arc::new(builder.build().unwrap())
}

fn az(world: &World) -> Arc<dyn TokenCredential> {
    let builder = AzureCliCredential::builder().with_options(&world.options());
    Arc::new(builder.build().unwrap())
}

fn next() -> Arc<dyn TokenCredential> {
    Arc::new(StaticCredential::new("next"))
}

fn since(world: &World, began: SystemTime) -> Duration {
    world.clock.wall().duration_since(began).unwrap()
}

#[test]
fn managed_identity_is_probed_in_a_users_chain_and_not_alone() {
    run(async |world| {
        let credential = managed(world);
        let chain = ChainedTokenCredential::new(vec![Arc::clone(&credential), next()]).unwrap();
        let began = world.clock.wall();
        assert_eq!(world.token(&chain).await.unwrap(), "next");
        assert_eq!(since(world, began), Duration::from_secs(1));
        assert_eq!(world.http.calls(), 1);
        assert!(is_probe(&world.http.requests()[0]));
        // The very same credential, asked alone, has all its patience.
        let began = world.clock.wall();
        world.token(&credential).await.unwrap_err();
        assert!(
            since(world, began) > Duration::from_secs(5),
            "{:?}",
            since(world, began)
        );
        assert!(world.http.requests().iter().skip(1).all(|asked| !is_probe(asked)));
    });
}

#[test]
fn a_credential_that_wraps_another_hands_the_context_on() {
    #[derive(Debug)]
    struct Wrapped(Arc<dyn TokenCredential>);
    impl TokenCredential for Wrapped {
        fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
            self.0.get_token_with(request)
        }
        fn name(&self) -> &'static str {
            "Wrapped"
        }
    }
    run(async |world| {
        let chain = ChainedTokenCredential::new(vec![Arc::new(Wrapped(managed(world))), next()]).unwrap();
        let outer = ChainedTokenCredential::new(vec![Arc::new(chain)]).unwrap();
        let began = world.clock.wall();
        assert_eq!(world.token(&outer).await.unwrap(), "next");
        assert_eq!(since(world, began), Duration::from_secs(1));
    });
}

#[test]
fn what_answers_in_the_endpoints_place_is_unavailable_in_a_users_chain_and_a_failure_alone() {
    for (status, alone) in [
        (200, ErrorKind::Protocol),
        (502, ErrorKind::Transport),
        (504, ErrorKind::Transport),
    ] {
        let http = ScriptedHttp::new().respond_with(move |_, _| HttpStep::bytes(status, "<html>"));
        run_with(http, async |world| {
            let chain = ChainedTokenCredential::new(vec![managed(world), next()]).unwrap();
            assert_eq!(world.token(&chain).await.unwrap(), "next", "{status}");
            let error = world.token(&managed(world)).await.unwrap_err();
            assert_eq!(error.kind(), alone, "{status}");
        });
    }
}

#[test]
fn the_winner_is_asked_as_if_there_were_no_chain() {
    let http = ScriptedHttp::new().respond_with(|number, request| match number {
        _ if is_probe(request) => HttpStep::status(400),
        2 => imds_token("first"),
        // In a chain this would be somebody in the endpoint's place.
        _ => HttpStep::bytes(200, "<html>"),
    });
    run_with(http, async |world| {
        let chain = ChainedTokenCredential::new(vec![managed(world), next()]).unwrap();
        assert_eq!(world.token(&chain).await.unwrap(), "first");
        let error = world
            .token_for(&chain, "https://vault.azure.net/.default")
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.credential()),
            (ErrorKind::Protocol, Some("ManagedIdentityCredential"))
        );
    });
}

#[test]
fn a_call_that_is_cancelled_leaves_no_context_behind() {
    run(async |world| {
        let credential = managed(world);
        let chain = ChainedTokenCredential::new(vec![Arc::clone(&credential), next()]).unwrap();
        let hasty = {
            let chain = chain.clone();
            tokio::spawn(async move { chain.get_token(&[crate::world::SCOPE]).await })
        };
        world.http.sent(1).await;
        hasty.abort();
        assert!(hasty.await.unwrap_err().is_cancelled());
        let before = world.http.calls();
        let alone = {
            let credential = Arc::clone(&credential);
            tokio::spawn(async move { credential.get_token(&[crate::world::SCOPE]).await })
        };
        world.http.sent(before + 1).await;
        assert!(!is_probe(&world.http.requests()[before]));
        alone.abort();
        // And the chain goes on as before.
        assert_eq!(world.token(&chain).await.unwrap(), "next");
    });
}

#[test]
fn a_tool_that_is_refused_stops_a_users_chain_unless_it_was_added_as_a_tool() {
    run(async |world| {
        world.tools.install("az", "/usr/bin/az");
        world.tools.always(
            "az",
            ProcessStep::fails(1, "ERROR: AADSTS50076: you must use multi-factor authentication"),
        );
        let plain = ChainedTokenCredential::new(vec![az(world), next()]).unwrap();
        let error = world.token(&plain).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts(), error.attempts().len()),
            (ErrorKind::AuthenticationFailed, Some(50_076), 1)
        );
        let passing = ChainedTokenCredential::builder()
            .push_developer_tool(az(world))
            .push(next())
            .build()
            .unwrap();
        assert_eq!(world.token(&passing).await.unwrap(), "next");
    });
    // One that isn't there stops nobody.
    run(async |world| {
        let plain = ChainedTokenCredential::new(vec![az(world), next()]).unwrap();
        assert_eq!(world.token(&plain).await.unwrap(), "next");
    });
}

#[test]
fn logs_of_members_are_details_in_a_chain_and_warnings_alone() {
    use tracing::Level;
    for (in_chain, mark, level) in [
        (true, "said-in-a-chain", Level::DEBUG),
        (false, "said-alone", Level::WARN),
    ] {
        let http = ScriptedHttp::new().respond_with(move |_, request| match is_probe(request) {
            true => HttpStep::status(400),
            false => HttpStep::json(
                400,
                &serde_json::json!({"error": "invalid_request", "error_description": mark}),
            ),
        });
        run_with(http, async |world| {
            let credential: Arc<dyn TokenCredential> = match in_chain {
                true => Arc::new(ChainedTokenCredential::new(vec![managed(world), next()]).unwrap()),
                false => managed(world),
            };
            drop(world.token(&credential).await);
            // The guard hears other tests as well.
            let own = world
                .guard
                .logs()
                .into_iter()
                .filter(|log| log.field("error").is_some_and(|error| error.contains(mark)));
            let levels: Vec<_> = own.map(|log| log.level).collect();
            assert!(
                !levels.is_empty() && levels.iter().all(|known| *known == level),
                "{levels:?}"
            );
        });
    }
}
