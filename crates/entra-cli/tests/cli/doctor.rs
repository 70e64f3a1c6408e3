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
        "ChainedTokenCredential for https://vault.azure.net/.default",
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
    assert_eq!(at("/report/credential"), "ChainedTokenCredential");
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

/// The credentials of a report, in order.
fn looked_at(variables: &[(&str, &str)], arguments: &[&str]) -> Vec<String> {
    let mut command = entra();
    command.args(["doctor", "--offline", "--json"]).args(arguments);
    command.envs(variables.iter().copied());
    let run: Run = command.output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:?}");
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    names(json.pointer("/report/links").unwrap())
}

/// The credentials of a list of links, or of attempts.
fn names(list: &Value) -> Vec<String> {
    let name = |one: &Value| one.get("credential").unwrap().as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn without_via_it_looks_at_whom_the_token_command_would_ask() {
    let deployed = [
        "EnvironmentCredential",
        "WorkloadIdentityCredential",
        "GitHubActionsCredential",
        "AzurePipelinesCredential",
        "ManagedIdentityCredential",
    ];
    let people = [
        "AccountCredential",
        "AzureCliCredential",
        "AzureDeveloperCliCredential",
        "AzurePowerShellCredential",
    ];
    // In a build, and in a script.
    assert_eq!(looked_at(&[("CI", "true")], &[]), deployed);
    assert_eq!(
        looked_at(&[], &[]),
        [deployed.as_slice(), people.as_slice()].concat()
    );
    // The library's default chain is there by name.
    assert!(looked_at(&[], &["--via", "default"]).contains(&"SharedTokenCacheCredential".to_owned()));
    // What the token command says that it tried is what the doctor looks at.
    for variables in [
        &[("AZURE_TOKEN_CREDENTIALS", "dev")][..],
        &[("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")],
    ] {
        let mut command = entra();
        command
            .args(["token", "s", "--json"])
            .envs(variables.iter().copied());
        let run: Run = command.output().unwrap().into();
        let tried = names(run.failure().pointer("/error/attempts").unwrap());
        assert_eq!(looked_at(variables, &[]), tried, "{variables:?}");
    }
    // A variable that is meant for one way alone.
    let file = [("AZURE_CLIENT_SECRET_FILE", "/nowhere")];
    assert_eq!(looked_at(&file, &[]), ["ClientSecretCredential"]);
}

#[test]
fn a_way_alone_is_judged_as_the_token_command_judges_it() {
    let stand = Stand::start();
    for via in ["environment", "workload-identity"] {
        let mut token = stand.token(&["--via", via]);
        let mut doctor = doctor(&stand, &["--via", via]);
        let mut codes = Vec::new();
        for command in [&mut token, &mut doctor] {
            command.env("AZURE_CLIENT_SECRET", CANARY);
            let run: Run = command.output().unwrap().into();
            codes.push(run.code);
        }
        assert_eq!(codes.first(), codes.last(), "{via}");
    }
    // Options take the place of variables for both.
    for command in ["token", "doctor"] {
        let mut run = entra();
        run.args([
            command,
            "https://graph.microsoft.com/.default",
            "--trust-authority",
        ])
        .args(["--ca-file", stand.ca_file(), "--via", "environment"])
        .args(["--tenant", stand.emulator.tenant_id()])
        .envs(stand.emulator.environment())
        .env("AZURE_TENANT_ID", "wrong.test");
        let run: Run = run.output().unwrap().into();
        assert_eq!(run.code, Some(0), "{command}: {run:?}");
    }
}

#[test]
fn outside_of_a_job_the_doctor_does_not_ask_for_what_a_job_needs() {
    let run: Run = entra()
        .args(["doctor", "--via", "github-actions", "--authority", "127.0.0.1:1"])
        .output()
        .unwrap()
        .into();
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("no job of GitHub Actions"), "{}", run.stdout);
    assert!(!run.stdout.contains("set AZURE_TENANT_ID"), "{}", run.stdout);
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
