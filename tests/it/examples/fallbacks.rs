//! Programs that try one credential and then another.

use identity_emulator::{HostKind, Route, SignIn, User};
use identity_testkit::leak_guard;

use super::stand::{ADA, ENTRA, Stand};
use crate::support::TENANT;

const CHAIN: &str = env!("CARGO_BIN_EXE_example_chain");
const ERRORS: &str = env!("CARGO_BIN_EXE_example_error_handling");

#[test]
fn a_chain_uses_the_managed_identity_where_there_is_one() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        let mut command = stand.example(CHAIN);
        command.envs(stand.emulator.host_environment(HostKind::AppService));
        assert_eq!(
            stand.run(&mut command).lines(),
            ["got a token from ManagedIdentityCredential"]
        );
        stand.emulator.requests().route(Route::AppService).exactly(1);
    });
}

#[cfg(unix)]
#[test]
fn a_chain_uses_the_developers_account_elsewhere() {
    use identity_emulator::{DeveloperTool, FakeTools, ToolAnswer};

    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        let tools = FakeTools::in_folder(stand.path("bin")).unwrap();
        tools
            .install(DeveloperTool::AzureCli, &ToolAnswer::token_of(&stand.emulator))
            .unwrap();
        let mut command = stand.example(CHAIN);
        command.env("PATH", tools.folder());
        assert_eq!(
            stand.run(&mut command).lines(),
            ["got a token from AzureCliCredential"]
        );
        let calls = tools.calls(DeveloperTool::AzureCli).unwrap();
        assert_eq!(calls.len(), 1);
    });
}

#[test]
fn a_chain_without_anything_tells_what_each_member_said() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        let run = stand.run(&mut stand.example(CHAIN));
        assert!(!run.succeeded, "{run:?}");
        let told: Vec<_> = run
            .stdout
            .lines()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(told, ["ManagedIdentityCredential", "AzureCliCredential"]);
    });
}

#[test]
fn a_person_is_asked_when_the_machine_has_no_credential() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        stand.emulator.script(SignIn::of(User::new(ADA)));
        let mut command = stand.example(ERRORS);
        command
            .env("AZURE_TENANT_ID", TENANT)
            .env("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential");
        let run = stand.run(&mut command);
        let lines = run.lines();
        assert_eq!(
            lines.first(),
            Some(&"no credential on this machine; please sign in")
        );
        assert_eq!(lines.last(), Some(&"got a Bearer token"));
        stand
            .emulator
            .requests()
            .route(Route::DeviceAuthorization)
            .exactly(1);
        assert_eq!(stand.proxy.hosts(), [ENTRA]);
    });
}

#[test]
fn a_refusal_is_explained_and_hidden_by_no_fallback() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        let mut command = stand.daemon(ERRORS);
        let wrong = guard.secret("wrong secret");
        command.env("AZURE_CLIENT_SECRET", wrong.expose());
        let run = stand.run(&mut command);
        assert!(!run.succeeded && run.stdout.is_empty(), "{run:?}");
        assert!(
            run.stderr.contains("Entra said no, AADSTS7000215\n")
                && run.stderr.contains("when you ask for support, name "),
            "{run:?}"
        );
        stand.emulator.requests().route(Route::DeviceAuthorization).none();
    });
}
