//! `entra doctor`.

use identity_emulator::{Host, HostKind, ManagedIdentity};
use serde_json::Value;

use crate::support::{CANARY, Run, Stand, entra};

/// `entra doctor` for the emulator's application, with further arguments.
fn doctor(stand: &Stand, arguments: &[&str]) -> std::process::Command {
    let mut command = entra();
    command
        .args(["doctor", "--trust-authority", "--ca-file", stand.ca_file()])
        .args(arguments)
        .envs(stand.emulator.environment());
    command
}

#[test]
fn who_would_be_used_and_what_was_seen() {
    let stand = Stand::start();
    let run: Run = doctor(&stand, &["https://vault.azure.net/.default"])
        .output()
        .unwrap()
        .into();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    for part in [
        "entra ",
        "DefaultAzureCredential for https://vault.azure.net/.default",
        "  1  EnvironmentCredential           works after ",
        "set up a ClientSecretCredential",
        "audience https://vault.azure.net",
        "result: EnvironmentCredential would be used",
        "network  ",
        "clock    as the authority's",
        "not reached",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let secret = identity_emulator::DEFAULT_SECRET;
    assert!(
        !run.stdout.contains(secret) && !run.stdout.contains("eyJ"),
        "{run:?}"
    );
}

#[test]
fn the_report_as_json() {
    let stand = Stand::start();
    let mut command = doctor(&stand, &["--json"]);
    command.env("AZURE_CLIENT_SECRET", CANARY);
    let run: Run = command.output().unwrap().into();
    assert_eq!((run.code, run.stderr.as_str()), (Some(4), ""), "{run:?}");
    assert!(!run.stdout.contains(CANARY));
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    let at = |pointer: &str| json.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(at("/report/credential"), "DefaultAzureCredential");
    assert_eq!(at("/report/stopped_at"), "EnvironmentCredential");
    assert_eq!(at("/report/winner"), Value::Null);
    assert_eq!(at("/report/links/0/verdict"), "failed");
    assert_eq!(at("/report/links/0/problem/kind"), "authentication_failed");
    assert_eq!(at("/report/links/0/problem/aadsts"), 7_000_215);
    assert_eq!(
        at("/report/links/0/problem/meaning"),
        "the client secret is wrong"
    );
    assert!(at("/report/links/0/elapsed_ms").is_u64());
    assert_eq!(at("/report/links/1/verdict"), "not_reached");
    assert_eq!(at("/entra"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_host_with_a_managed_identity() {
    let stand =
        Stand::with(|builder| builder.host(Host::new().identity(ManagedIdentity::system_assigned("own"))));
    let mut command = doctor(&stand, &["--via", "prod", "https://vault.azure.net/.default"]);
    command
        .env_remove("AZURE_CLIENT_SECRET")
        .env_remove("AZURE_CLIENT_ID")
        .envs(stand.emulator.host_environment(HostKind::AppService));
    let run: Run = command.output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.stdout
            .contains("source App Service: IDENTITY_ENDPOINT and IDENTITY_HEADER are set"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("AzureCliCredential"), "{}", run.stdout);
}

#[test]
fn nobody_set_up_is_exit_code_three_and_looking_alone_is_none() {
    let arguments = [
        "doctor",
        "--via",
        "environment,azure-cli",
        "--authority",
        "127.0.0.1:1",
    ];
    let run: Run = entra().args(arguments).output().unwrap().into();
    assert_eq!((run.code, run.stderr.as_str()), (Some(3), ""), "{run:?}");
    assert!(
        run.stdout.contains("result: no token, since none is available")
            && run.stdout.contains("[E-NET-UNREACHABLE]"),
        "{}",
        run.stdout
    );
    let run: Run = entra().args(arguments).arg("--offline").output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("result: nobody was asked"), "{}", run.stdout);
}

#[test]
fn slips_are_answered() {
    for (arguments, part) in [
        (&["doctor", "a", "b"][..], "one scope at a time"),
        (&["doctor", "--offlin"], "did you mean --offline?"),
        (&["doctor", "--via", "quux"], "names no way"),
    ] {
        let run: Run = entra().args(arguments).output().unwrap().into();
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.stderr.contains(part), "{run:?}");
    }
}
