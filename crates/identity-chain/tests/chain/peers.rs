//! Where peers disagree about chains, and whom we follow: orders, what is unavailable and what failed.

use std::time::Duration;

use identity_base::{ErrorKind, TokenCredential};
use identity_chain::DefaultMember;
use identity_testkit::{HttpStep, ProcessStep, ScriptedHttp};

use crate::world::{CLIENT, World, imds_token, is_probe, run, run_with};

/// The metadata endpoint is there and answers so.
fn imds_answers(step: impl Fn() -> HttpStep + Send + Sync + 'static) -> ScriptedHttp {
    ScriptedHttp::new().respond_with(move |_, request| match is_probe(request) {
        true => HttpStep::status(400),
        false => step(),
    })
}

/// What managed identity said in a chain, and whether the chain went on.
async fn managed_identity(world: &World) -> (ErrorKind, bool) {
    let error = world.token(&world.default_chain()).await.unwrap_err();
    let attempts = error.attempts();
    let own = attempts
        .iter()
        .position(|attempt| attempt.credential() == "ManagedIdentityCredential")
        .unwrap();
    (attempts[own].error().kind(), attempts.len() > own + 1)
}

fn refusal(status: u16, error: &'static str, text: &'static str) -> impl Fn() -> HttpStep {
    move || {
        HttpStep::json(
            status,
            &serde_json::json!({"error": error, "error_description": text}),
        )
    }
}

#[test]
fn environment_then_workload_identity_then_managed_identity_then_tools() {
    let deployed = DefaultMember::ALL
        .iter()
        .take_while(|member| !member.is_developer_tool());
    assert_eq!(deployed.count(), 3);
    let names: Vec<_> = DefaultMember::ALL.iter().map(|member| member.name()).collect();
    let at = |name: &str| names.iter().position(|known| *known == name).unwrap();
    assert!(at("VisualStudioCodeCredential") < at("AzureCliCredential"));
    assert!(at("AzureCliCredential") < at("AzurePowerShellCredential"));
    assert!(at("AzurePowerShellCredential") < at("AzureDeveloperCliCredential"));
}

#[test]
fn the_host_without_a_system_assigned_identity_is_unavailable() {
    run_with(
        imds_answers(refusal(400, "invalid_request", "Identity not found")),
        async |world| {
            assert_eq!(
                managed_identity(world).await,
                (ErrorKind::CredentialUnavailable, true)
            );
        },
    );
}

#[test]
fn a_user_assigned_identity_that_is_refused_stops_the_chain() {
    run_with(
        imds_answers(refusal(400, "invalid_request", "Identity not found")),
        async |world| {
            world.env.set("AZURE_CLIENT_ID", CLIENT);
            assert_eq!(
                managed_identity(world).await,
                (ErrorKind::AuthenticationFailed, false)
            );
        },
    );
}

#[test]
fn a_container_desktop_is_no_host_in_any_language() {
    for text in [
        "A socket operation was attempted to an unreachable network",
        "Ein Socketvorgang bezog sich auf ein nicht verfügbares Netzwerk",
    ] {
        run_with(
            ScriptedHttp::new().respond_with(move |_, _| HttpStep::bytes(403, text)),
            async |world| {
                assert_eq!(
                    managed_identity(world).await,
                    (ErrorKind::CredentialUnavailable, true)
                );
            },
        );
    }
}

#[test]
fn an_answer_that_is_no_json_is_unavailable() {
    run_with(imds_answers(|| HttpStep::bytes(200, "<html>")), async |world| {
        assert_eq!(
            managed_identity(world).await,
            (ErrorKind::CredentialUnavailable, true)
        );
    });
}

#[test]
fn a_gateway_in_the_endpoints_place_is_unavailable() {
    for status in [502, 504] {
        let http = imds_answers(move || HttpStep::bytes(status, "<h1>Bad Gateway</h1>"));
        run_with(http, async |world| {
            world.install_az();
            let credential = world.default_chain();
            world.token(&credential).await.unwrap();
            assert_eq!(credential.selected(), Some("AzureCliCredential"), "{status}");
            // After all repetitions: it might have been an outage of a second.
            let asked = world.http.requests();
            assert!(asked.len() > 3, "{status}: {}", asked.len());
        });
    }
}

#[test]
fn a_gateway_status_with_the_endpoints_own_words_is_an_outage() {
    for status in [502, 504] {
        let http = imds_answers(refusal(
            status,
            "bad_gateway",
            "the identity service does not answer",
        ));
        run_with(http, async |world| {
            world.install_az();
            let (kind, went_on) = managed_identity(world).await;
            assert_eq!((kind, went_on), (ErrorKind::Transport, false), "{status}");
            assert_eq!(world.tools.calls(), 0);
        });
    }
}

#[test]
fn an_outage_of_the_endpoint_is_not_called_unavailable() {
    run_with(
        imds_answers(refusal(500, "server_error", "out of order")),
        async |world| {
            let (kind, went_on) = managed_identity(world).await;
            assert_ne!(kind, ErrorKind::CredentialUnavailable);
            assert!(!went_on);
        },
    );
}

#[test]
fn a_failed_probe_is_not_remembered_for_ever() {
    let http = ScriptedHttp::new().respond_with(|number, request| match (number, is_probe(request)) {
        (1, _) => HttpStep::hang(),
        (_, true) => HttpStep::status(400),
        _ => imds_token("late"),
    });
    run_with(http, async |world| {
        let credential = world.default_chain();
        world.token(&credential).await.unwrap_err();
        world.clock.advance(Duration::from_secs(30));
        assert_eq!(world.token(&credential).await.unwrap(), "late");
    });
}

#[test]
fn any_failure_of_a_tool_is_passed() {
    for step in [
        ProcessStep::fails(1, "ERROR: something"),
        ProcessStep::output("no json"),
        ProcessStep::hang(),
        ProcessStep::signalled(9),
    ] {
        run(async |world| {
            world.tools.install("az", "/usr/bin/az");
            world.tools.always("az", step);
            let error = world.token(&world.default_chain()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
            let last = error.attempts().last().unwrap();
            assert_eq!(last.credential(), "AzureDeveloperCliCredential", "{error}");
        });
    }
}

#[test]
fn the_winner_is_pinned_and_its_failure_is_the_callers() {
    let http = ScriptedHttp::new().respond_with(|number, request| match (number, is_probe(request)) {
        (_, true) => HttpStep::status(400),
        (2, _) => imds_token("first"),
        _ => refusal(400, "invalid_request", "Identity not found")(),
    });
    run_with(http, async |world| {
        world.install_az();
        let credential = world.default_chain();
        world.token(&credential).await.unwrap();
        let error = world
            .token_for(&credential, "https://vault.azure.net/.default")
            .await
            .unwrap_err();
        assert_eq!(error.credential(), Some("ManagedIdentityCredential"));
        assert_eq!((error.attempts().len(), world.tools.calls()), (0, 0));
        assert_eq!(credential.name(), "DefaultAzureCredential");
    });
}
