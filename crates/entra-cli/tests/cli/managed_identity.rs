//! `entra token --via managed-identity` on emulated hosts.

use std::process::Command;

use crate::support::{Run, Stand, entra};
use identity_emulator::{
    DEFAULT_CLIENT_ID, DEFAULT_IDENTITY_HEADER, DEFAULT_MSI_SECRET, Fault, Host, HostKind, Route,
};
use serde_json::Value;

/// `entra token` on a host of this kind.
fn on(stand: &Stand, kind: HostKind, arguments: &[&str]) -> Command {
    let mut command = entra();
    command
        .args([
            "token",
            "https://vault.azure.net/.default",
            "--via",
            "managed-identity",
        ])
        .args(arguments)
        .envs(stand.emulator.host_environment(kind));
    command
}

fn finish(mut command: Command) -> Run {
    let run: Run = command.output().unwrap().into();
    for secret in [DEFAULT_IDENTITY_HEADER, DEFAULT_MSI_SECRET] {
        assert!(
            !run.stderr.contains(secret) && !run.stdout.contains(secret),
            "{run:?}"
        );
    }
    run
}

#[test]
fn every_host_gives_a_token() {
    let stand = Stand::start();
    for kind in [
        HostKind::Imds,
        HostKind::AppService,
        HostKind::AzureMl,
        HostKind::CloudShell,
        HostKind::ServiceFabric,
    ] {
        let run = finish(on(&stand, kind, &["--json"]));
        let json: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        assert_eq!(json.get("source").unwrap(), "managed-identity");
        let own = stand.emulator.managed_identity("host").unwrap();
        assert_eq!(json.get("client_id").unwrap(), own.client_id_text(), "{kind:?}");
    }
}

#[test]
fn the_agent_of_azure_arc_is_answered_with_the_key_that_it_named() {
    let keys = tempfile::tempdir().unwrap();
    let directory = keys.path().to_str().unwrap();
    let stand = Stand::with(|builder| builder.host(Host::fixed().arc_key_directory(directory)));
    for source in [&[][..], &["--source", "azure-arc"]] {
        stand.emulator.clear_requests();
        let arguments = [source, &["--json", "--arc-key-directory", directory]].concat();
        let run = finish(on(&stand, HostKind::AzureArc, &arguments));
        let json: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        let own = stand.emulator.managed_identity("host").unwrap();
        assert_eq!(json.get("client_id").unwrap(), own.client_id_text());
        let requests = stand.emulator.requests();
        let authorized = requests
            .iter()
            .map(|request| request.header("authorization").is_some());
        assert_eq!(
            authorized.collect::<Vec<_>>(),
            [false, true],
            "the challenge, then the key"
        );
    }
    // Nothing is read outside of the agent's own directory, unless another one is named.
    stand.emulator.clear_requests();
    let run = finish(on(&stand, HostKind::AzureArc, &[]));
    assert!(
        run.code != Some(0) && run.stderr.contains("the key file path is invalid"),
        "{run:?}"
    );
    stand.emulator.requests().exactly(1);
}

#[test]
fn a_container_desktops_refusal_says_what_it_is() {
    let stand = Stand::start();
    stand.emulator.fault(Fault::on(Route::Imds).status(403).body(
        Some("text/plain"),
        "connecting to 169.254.169.254:80: a socket operation was attempted to an unreachable network",
    ));
    let run = finish(on(&stand, HostKind::Imds, &[]));
    assert!(run.code != Some(0), "{run:?}");
    for words in [
        "there is no IMDS endpoint",
        "container desktop",
        "another credential",
    ] {
        assert!(run.stderr.contains(words), "{words}: {run:?}");
    }
    stand.emulator.requests().exactly(1);
}

#[test]
fn an_identity_is_named_by_each_of_its_ids() {
    let stand = Stand::start();
    let user = stand.emulator.managed_identity("user").unwrap();
    for (option, id, parameter) in [
        ("--client-id", DEFAULT_CLIENT_ID, "client_id"),
        ("--object-id", user.object_id_text(), "object_id"),
        ("--resource-id", user.resource_id_text(), "msi_res_id"),
    ] {
        stand.emulator.clear_requests();
        let run = finish(on(&stand, HostKind::Imds, &[option, id]));
        assert_eq!(run.code, Some(0), "{run:?}");
        stand.emulator.requests().exactly(1).with_query(parameter, id);
    }
}

#[test]
fn the_source_can_be_chosen() {
    let stand = Stand::start();
    let mut both = on(&stand, HostKind::AppService, &["--source", "IMDS"]);
    both.envs(stand.emulator.host_environment(HostKind::Imds));
    assert_eq!(finish(both).code, Some(0));
    stand.emulator.requests().exactly(1).route(Route::Imds).exactly(1);
}

#[test]
fn what_cannot_be_is_told() {
    let stand = Stand::start();
    for (arguments, code, words) in [
        (&["--client-id", "a", "--object-id", "b"][..], 2, "more than one"),
        (&["--source", "vm"], 2, "not a managed identity source"),
        (&["--source", "app-service"], 2, "IDENTITY_HEADER is not set"),
        (&["--resource-id", "x"], 2, "not a resource id"),
    ] {
        let run = finish(on(&stand, HostKind::Imds, arguments));
        assert_eq!(run.code, Some(code), "{run:?}");
        assert!(run.stderr.contains(words), "{run:?}");
    }
    let run = finish(on(
        &stand,
        HostKind::Imds,
        &["--client-id", "66666666-6666-6666-6666-666666666666"],
    ));
    assert!(
        run.code != Some(0) && run.stderr.contains("not assigned to this host"),
        "{run:?}"
    );
}
