//! What must never be given out or sent, over real sockets.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use entra_identity::{ErrorKind, TokenCredential, TokenRequest, UserAssignedId};
use identity_emulator::{Fault, HostKind, Route};
use identity_testkit::{Lookup, ScriptedResolver, leak_guard};

use super::{Machine, get, host};
use crate::support::{CLIENT, SCOPE};

/// A listener that counts who comes.
struct Trap(TcpListener);

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// Nobody has come. A connection is in the queue as soon as the client has it, so this doesn't depend on time.
    #[track_caller]
    fn is_empty(&self) {
        let found = self.0.accept();
        assert!(
            found.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
            "somebody came"
        );
    }
}

#[test]
fn service_fabric_with_another_certificate_never_sees_the_secret() {
    leak_guard::run(async |guard| {
        let machine = Machine::start(&guard, host(), None).await;
        machine.is(HostKind::ServiceFabric);
        machine.env.set(
            "IDENTITY_SERVER_THUMBPRINT",
            "00112233445566778899AABBCCDDEEFF00112233",
        );
        let error = get(&guard, &machine.builder().build().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        assert!(!error.is_transient(), "{error}");
        all_closed(&machine).await;
        machine.emulator.requests().none();
        assert_eq!(machine.emulator.connections().handshakes_failed, 1);
        // The authority being trusted makes no difference: it is the certificate that counts.
        let options = machine
            .options()
            .with_extra_roots(machine.emulator.ca_pem().into_bytes());
        let credential = machine.builder().with_options(&options).build().unwrap();
        get(&guard, &credential).await.unwrap_err();
        all_closed(&machine).await;
        machine.emulator.requests().none();
    });
}

/// Waits until the emulator has seen the end of every connection: what was ever sent on one it has read then.
async fn all_closed(machine: &Machine) {
    while machine.emulator.connections().open > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn no_metadata_request_goes_through_a_proxy() {
    leak_guard::run(async |guard| {
        let proxy = Trap::set();
        for kind in [
            HostKind::Imds,
            HostKind::AppService,
            HostKind::CloudShell,
            HostKind::ServiceFabric,
        ] {
            let machine = Machine::start(&guard, host(), None).await;
            machine.is(kind);
            for name in [
                "HTTP_PROXY",
                "http_proxy",
                "HTTPS_PROXY",
                "https_proxy",
                "ALL_PROXY",
                "all_proxy",
            ] {
                machine.env.set(name, proxy.url());
            }
            get(&guard, &machine.builder().build().unwrap()).await.unwrap();
            proxy.is_empty();
        }
    });
}

#[test]
fn no_redirect_is_followed() {
    leak_guard::run(async |guard| {
        let target = Trap::set();
        let machine = Machine::start(&guard, host(), None).await;
        machine.is(HostKind::AppService);
        for status in [301, 302, 303, 307, 308] {
            let redirect = Fault::on(Route::AppService)
                .times(1)
                .redirect(status, target.url());
            machine.emulator.fault(redirect);
            let error = get(&guard, &machine.builder().build().unwrap())
                .await
                .unwrap_err();
            assert_eq!(
                (error.kind(), error.http_status()),
                (ErrorKind::Protocol, Some(status))
            );
        }
        target.is_empty();
        machine.emulator.requests().exactly(5);
    });
}

#[test]
fn plain_http_to_a_name_that_leads_away_is_not_sent() {
    leak_guard::run(async |guard| {
        let machine = Machine::start(&guard, host(), None).await;
        let port = machine.emulator.plain_address().port();
        machine.is(HostKind::AppService);
        machine.env.set(
            "IDENTITY_ENDPOINT",
            format!("http://metadata.example:{port}/msi/token"),
        );
        // The second of these would even answer.
        for addresses in [&["203.0.113.7"][..], &["127.0.0.1", "203.0.113.7"], &["10.0.0.4"]] {
            let resolver = ScriptedResolver::new();
            resolver.always("metadata.example", Lookup::to(addresses.iter().copied()));
            let options = machine.options().with_resolver(Arc::new(resolver));
            let credential = machine.builder().with_options(&options).build().unwrap();
            let error = get(&guard, &credential).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
            assert!(!error.is_transient(), "{error}");
        }
        assert_eq!(machine.emulator.plain_connections().opened, 0);
    });
}

#[test]
fn an_identity_is_selected_by_each_of_its_ids() {
    leak_guard::run(async |guard| {
        let keys = tempfile::tempdir().unwrap();
        for kind in [HostKind::Imds, HostKind::AppService, HostKind::AzureArc] {
            if kind == HostKind::AzureArc && !cfg!(target_os = "linux") {
                continue;
            }
            let machine = Machine::start(&guard, host(), Some(keys.path())).await;
            machine.is(kind);
            let user = machine.emulator.managed_identity("user").unwrap();
            for id in [
                UserAssignedId::client_id(CLIENT),
                UserAssignedId::object_id(user.object_id_text()),
                UserAssignedId::resource_id(user.resource_id_text()),
            ] {
                let builder = machine.builder().with_user_assigned(id.unwrap());
                let credential = builder
                    .with_arc_key_directory(keys.path().to_str().unwrap())
                    .build()
                    .unwrap();
                let token = get(&guard, &credential).await.unwrap();
                assert_eq!(claim(token.secret(), "oid"), user.object_id_text(), "{kind:?}");
            }
        }
    });
}

#[test]
fn a_host_that_ignores_which_identity_is_asked_for_is_found_out() {
    leak_guard::run(async |guard| {
        let keys = tempfile::tempdir().unwrap();
        for kind in [
            HostKind::Imds,
            HostKind::AppService,
            HostKind::AzureMl,
            HostKind::AzureArc,
        ] {
            if kind == HostKind::AzureArc && !cfg!(target_os = "linux") {
                continue;
            }
            let machine = Machine::start(&guard, host().ignores_selection(), Some(keys.path())).await;
            machine.is(kind);
            let builder = machine
                .builder()
                .with_user_assigned(UserAssignedId::client_id(CLIENT).unwrap());
            let credential = builder
                .with_arc_key_directory(keys.path().to_str().unwrap())
                .build()
                .unwrap();
            let error = get(&guard, &credential).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IdentityMismatch, "{kind:?}: {error}");
        }
    });
}

#[test]
fn a_missing_identity_and_a_missing_resource_are_told_apart() {
    leak_guard::run(async |guard| {
        let machine = Machine::start(&guard, host(), None).await;
        machine.is(HostKind::Imds);
        let nobody = UserAssignedId::client_id("66666666-6666-6666-6666-666666666666").unwrap();
        let error = get(
            &guard,
            &machine.builder().with_user_assigned(nobody).build().unwrap(),
        )
        .await
        .unwrap_err();
        assert!(error.message().contains("not assigned to this host"), "{error}");
        let credential = machine.builder().build().unwrap();
        let error = credential
            .get_token(&["https://nowhere.test/.default"])
            .await
            .unwrap_err();
        assert_eq!(guard.check_error(&error).aadsts(), Some(500_011));
    });
}

#[test]
fn a_throttled_host_is_asked_again() {
    leak_guard::run(async |guard| {
        let machine = Machine::start(&guard, host(), None).await;
        machine.is(HostKind::Imds);
        let at_once = Fault::on(Route::Imds)
            .times(2)
            .status(429)
            .retry_after(Duration::ZERO);
        machine.emulator.fault(at_once);
        get(&guard, &machine.builder().build().unwrap()).await.unwrap();
        machine.emulator.requests().route(Route::Imds).exactly(3);
    });
}

#[test]
fn a_token_that_was_taken_back_is_replaced_by_service_fabric() {
    leak_guard::run(async |guard| {
        let machine = Machine::start(&guard, host(), None).await;
        let credential = machine.is(HostKind::ServiceFabric).builder().build().unwrap();
        let first = get(&guard, &credential).await.unwrap();
        // Another credential gets the token that the host keeps.
        let other = machine.builder().build().unwrap();
        assert!(get(&guard, &other).await.unwrap().is_same(&first));
        let claims = TokenRequest::new(&[SCOPE]).claims(r#"{"access_token":{"nbf":{"essential":true}}}"#);
        let second = credential.get_token_with(claims).await.unwrap();
        guard.know("second", second.secret());
        assert!(!second.is_same(&first));
        assert!(get(&guard, &credential).await.unwrap().is_same(&second));
    });
}

/// A claim of a JWT, as text.
fn claim(token: &str, name: &str) -> String {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    claims
        .get(name)
        .and_then(|claim| claim.as_str())
        .unwrap()
        .to_owned()
}
