//! Each source's requests, compared with what a peer was recorded to send.

use entra_identity::{ManagedIdentityCredential, TokenCredential, UserAssignedId};
use identity_emulator::HostKind;
use identity_testkit::wire::{Rules, WireCase, WireRequest};
use identity_testkit::{HttpStep, MemoryFs, ScriptedHttp, TestClock, TestEnv, leak_guard};

use super::{Machine, get, host};
use crate::support::{CLIENT, SCOPE, TENANT, cases, sealed};

fn case(name: &str) -> WireCase {
    WireCase::load(cases("wire").join(format!("{name}.json")))
}

/// Gets a token on a host of this kind, and compares the host's journal with the case.
fn compare(name: &str, kind: HostKind, client_id: Option<&str>) {
    leak_guard::run(async |guard| {
        let keys = tempfile::tempdir().unwrap();
        let machine = Machine::start(&guard, host(), Some(keys.path())).await;
        let mut builder = machine
            .is(kind)
            .builder()
            .with_arc_key_directory(keys.path().to_str().unwrap());
        if let Some(id) = client_id {
            builder = builder.with_user_assigned(UserAssignedId::client_id(id).unwrap());
        }
        let credential = builder.build().unwrap();
        let token = get(&guard, &credential).await.unwrap();
        // The second call sends nothing.
        assert!(get(&guard, &credential).await.unwrap().is_same(&token));

        let journal = machine.emulator.requests().to_golden(name);
        guard.check_journal(&journal);
        // The longest first: the recorded values are parts of each other.
        let case = case(name)
            .with("arc-secret", &machine.key)
            .with("hdr", &machine.header)
            .with("sec", &machine.secret);
        case.assert_requests(&WireRequest::from_journal(&journal).unwrap(), &Rules::exact());
    });
}

#[test]
fn imds_system() {
    compare("imds_system", HostKind::Imds, None);
}

#[test]
fn imds_client_id() {
    compare("imds_client_id", HostKind::Imds, Some(CLIENT));
}

#[test]
fn app_service() {
    compare("app_service", HostKind::AppService, None);
}

#[test]
fn app_service_client_id() {
    compare("app_service_client_id", HostKind::AppService, Some(CLIENT));
}

#[test]
fn azure_ml() {
    compare("azure_ml", HostKind::AzureMl, Some(CLIENT));
}

#[test]
fn cloud_shell() {
    compare("cloud_shell", HostKind::CloudShell, None);
}

#[cfg(target_os = "linux")]
#[test]
fn arc() {
    compare("arc", HostKind::AzureArc, None);
}

/// The certificate is signed by an authority that nobody trusts here: the thumbprint is all that counts.
#[test]
fn service_fabric() {
    compare("service_fabric", HostKind::ServiceFabric, None);
}

#[test]
fn mi_token_exchange() {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |guard| {
        let assertion = guard.secret("assertion");
        let http = ScriptedHttp::new().then(HttpStep::token(guard.secret("access_token").expose(), 3599));
        guard.watch(&http);
        let (env, files) = (TestEnv::new(), MemoryFs::with_clock(&clock));
        env.set("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com")
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_CLIENT_ID", CLIENT)
            .set("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/token");
        files.put("/var/run/secrets/token", assertion.expose());
        let options = sealed(&http, &clock)
            .with_env(std::sync::Arc::new(env))
            .with_file_system(std::sync::Arc::new(files));
        let credential = ManagedIdentityCredential::builder()
            .with_options(&options)
            .build()
            .unwrap();
        guard
            .check_result(&credential.get_token(&[SCOPE]).await)
            .as_ref()
            .unwrap();
        let case = case("mi_token_exchange").with_form_field("client_assertion", assertion.expose());
        case.assert_requests(&WireRequest::of_all(&http.requests()), &Rules::exact());
    });
}
