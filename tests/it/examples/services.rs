//! Programs without a person.

use identity_emulator::{HostKind, Route};
use identity_testkit::leak_guard;

use super::stand::{ENTRA, Stand};
use crate::support::CLIENT;

#[test]
fn managed_identity_is_the_hosts_own_or_the_chosen_one() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        for chosen in [None, Some(CLIENT)] {
            let mut command = stand.example(env!("CARGO_BIN_EXE_example_managed_identity"));
            command.envs(stand.emulator.host_environment(HostKind::AppService));
            command.envs(chosen.map(|id| ("AZURE_CLIENT_ID", id)));
            assert_eq!(
                stand.run(&mut command).lines(),
                [
                    "asking app-service",
                    "got a Bearer token",
                    "the same one again: true"
                ]
            );
            let requests = stand.emulator.requests().route(Route::AppService).exactly(1);
            assert_eq!(requests.first().unwrap().query("client_id"), chosen);
            stand.emulator.clear_requests();
        }
        assert_eq!(stand.proxy.hosts(), Vec::<String>::new());
    });
}

#[test]
fn three_hundred_callers_make_a_request_for_each_scope() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        let mut command = stand.daemon(env!("CARGO_BIN_EXE_example_concurrent_requests"));
        assert_eq!(
            stand.run(&mut command).lines(),
            [
                "https://management.azure.com/.default: 100 callers",
                "https://storage.azure.com/.default: 100 callers",
                "https://vault.azure.net/.default: 100 callers",
            ]
        );
        stand.emulator.requests().token().exactly(3);
        assert_eq!(stand.proxy.hosts(), [ENTRA]);
    });
}

#[test]
fn a_scope_ends_with_a_closed_credential() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        let mut command = stand.daemon(env!("CARGO_BIN_EXE_example_scoped_use"));
        assert_eq!(
            stand.run(&mut command).lines(),
            ["got a Bearer token", "closed: true"]
        );
        stand.emulator.requests().token().exactly(1);
    });
}

#[test]
fn blocking_and_async_code_share_a_token() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        let mut command = stand.daemon(env!("CARGO_BIN_EXE_example_sync_to_async"));
        assert_eq!(
            stand.run(&mut command).lines(),
            ["before: Bearer", "after: Bearer", "meanwhile: Bearer"]
        );
        let requests = stand.emulator.requests().token().exactly(1);
        let request = requests.first().unwrap();
        assert_eq!(request.form("scope"), Some("https://vault.azure.net/.default"));
    });
}
