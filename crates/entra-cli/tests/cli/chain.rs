//! `entra token` without `--via`: who is asked, in which order, and what is said about it.

use identity_emulator::{Host, HostKind, ManagedIdentity};

use crate::support::{CANARY, Run, Stand, entra};

/// A stand whose machine is a virtual machine with an identity of its own.
fn virtual_machine() -> Stand {
    Stand::with(|builder| builder.host(Host::new().identity(ManagedIdentity::system_assigned("own"))))
}

#[test]
fn the_environment_answers_and_standard_error_says_so_once() {
    let stand = Stand::start();
    let run: Run = stand.token(&[]).output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.starts_with("ey"), "{run:?}");
    let client = stand.emulator.client_id();
    assert!(
        run.stderr.starts_with("using environment: ")
            && run.stderr.contains(client)
            && run.stderr.lines().count() == 1,
        "{run:?}"
    );
    let quiet: Run = stand.token(&["--quiet"]).output().unwrap().into();
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""), "{quiet:?}");
    // One way that was asked for by name is no news.
    let named: Run = stand.token(&["--via", "environment"]).output().unwrap().into();
    assert_eq!((named.code, named.stderr.as_str()), (Some(0), ""), "{named:?}");
}

#[test]
fn options_take_the_place_of_variables() {
    let stand = Stand::start();
    let mut command = stand.token(&[
        "--quiet",
        "--tenant",
        stand.emulator.tenant_id(),
        "--client-id",
        stand.emulator.client_id(),
    ]);
    command
        .env("AZURE_TENANT_ID", "wrong.test")
        .env("AZURE_CLIENT_ID", "55555555-5555-5555-5555-555555555555");
    let run: Run = command.output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn a_build_on_a_host_uses_the_hosts_identity() {
    let stand = virtual_machine();
    let mut command = entra();
    command
        .args(["token", "https://vault.azure.net/.default"])
        .env("CI", "true")
        .envs(stand.emulator.host_environment(HostKind::Imds));
    let run: Run = command.output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.starts_with("using managed-identity: "), "{run:?}");
}

#[test]
fn the_variable_selects_a_part_of_the_default_chain() {
    let stand = Stand::start();
    let mut command = stand.token(&["--json"]);
    command.env("AZURE_TOKEN_CREDENTIALS", "environmentCREDENTIAL");
    let run: Run = command.output().unwrap().into();
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json.get("source").unwrap(), "environment", "{run:?}");

    let mut command = stand.token(&[]);
    command.env("AZURE_TOKEN_CREDENTIALS", "nobody");
    let run: Run = command.output().unwrap().into();
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
    assert!(
        run.stderr.contains("names no credential") && run.stderr.contains("`dev`, `prod`"),
        "{run:?}"
    );
}

#[test]
fn several_ways_are_tried_in_order_and_each_says_why_not() {
    let run: Run = entra()
        .args(["token", "s", "--via", "environment,azure-cli,workload-identity"])
        .output()
        .unwrap()
        .into();
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{run:?}");
    let at = |name: &str| run.stderr.find(&format!("\n  {name}: ")).unwrap();
    assert!(at("EnvironmentCredential") < at("AzureCliCredential"));
    assert!(at("AzureCliCredential") < at("WorkloadIdentityCredential"));
    assert!(run.stderr.contains("az login"), "hints: {run:?}");
}

#[test]
fn a_refusal_behind_others_has_its_own_exit_code() {
    let stand = Stand::start();
    let mut command = stand.token(&["--via", "azure-cli,environment", "--json"]);
    command.env("AZURE_CLIENT_SECRET", CANARY);
    let run: Run = command.output().unwrap().into();
    assert_eq!(run.code, Some(4), "{run:?}");
    let failure = run.failure();
    assert_eq!(failure.pointer("/error/aadsts").unwrap(), 7_000_215);
    assert_eq!(
        failure.pointer("/error/attempts/0/credential").unwrap(),
        "AzureCliCredential"
    );
    assert!(!run.stderr.contains(CANARY));
}
