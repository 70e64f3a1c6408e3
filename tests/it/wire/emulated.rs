//! The same over real TLS, from the built-in transport to the emulator.

use std::sync::Arc;

use entra_identity::{Authority, ClientOptions, ClientSecretCredential, TokenCredential, TokenRequest};
use identity_emulator::{App, Emulator, Tenant};
use identity_testkit::wire::{Rules, WireRequest};
use identity_testkit::{TestEnv, leak_guard};

use super::case;
use crate::support::{CLIENT, SCOPE, TENANT, visible};

fn client_secret(name: &str, request: TokenRequest<'_>) {
    leak_guard::run(async |guard| {
        let secret = guard.secret_with_symbols("client_secret");
        let emulator = Emulator::builder()
            .signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
            .tenant(Tenant::new("recorded").id(TENANT))
            .app(App::confidential("daemon").id(CLIENT).secret(secret.expose()))
            .start()
            .await
            .unwrap();
        let options = ClientOptions::new()
            .with_authority(Authority::parse(emulator.authority()).unwrap())
            .with_disable_instance_discovery(true)
            .with_extra_roots(emulator.ca_pem().into_bytes())
            .with_env(Arc::new(TestEnv::new()));
        let credential =
            ClientSecretCredential::builder(TENANT, CLIENT, secret.clone()).with_options(&options);
        let credential = credential.build().unwrap();
        let result = credential.get_token_with(request).await;
        guard.check(&credential);
        let token = guard.check_result(&result).as_ref().unwrap();
        guard.know("access_token", token.secret());
        let requests = emulator.requests();
        guard.check_journal(&visible(&requests));
        let sent = WireRequest::from_journal(&requests.to_golden(name)).unwrap();
        let case = case(name).with_form_field("client_secret", secret.expose());
        case.assert_requests(&sent, &Rules::documented());
    });
}

#[test]
fn client_secret_over_tls() {
    client_secret("client_secret", (&[SCOPE]).into());
}

#[test]
fn client_secret_with_cae_over_tls() {
    client_secret("client_secret_cae", TokenRequest::new(&[SCOPE]).enable_cae(true));
}
