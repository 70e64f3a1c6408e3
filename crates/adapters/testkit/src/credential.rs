//! A real credential with the emulator behind it.

use std::sync::Arc;

use identity_base::{Authority, Secret, TokenCredential};
use identity_confidential::{ClientOptions, ClientSecretCredential};
use identity_emulator::{App, Emulator};

/// A token service that knows one application with this secret.
///
/// # Panics
/// When it does not start.
#[expect(clippy::expect_used, reason = "it fails the test")]
pub async fn emulator(secret: &Secret) -> Emulator {
    let app = App::confidential("daemon").secret(secret.expose());
    let started = Emulator::builder().app(app).start().await;
    started.expect("the emulator starts")
}

/// Makes ring the cryptography of every TLS client of the process that was given none, reqwest among them.
pub fn install_ring() {
    // Fails when a test of the same process was first, which is as good.
    let _first = rustls::crypto::ring::default_provider().install_default();
}

/// The credential of the emulator's first application.
///
/// # Panics
/// When it can't be made.
#[expect(clippy::expect_used, reason = "it fails the test")]
pub fn client_secret(emulator: &Emulator, secret: &Secret) -> Arc<dyn TokenCredential> {
    let authority = Authority::parse(emulator.authority()).expect("the emulator's own");
    let options = ClientOptions::default()
        .with_authority(authority)
        .with_disable_instance_discovery(true)
        .with_extra_roots(emulator.ca_pem().into_bytes());
    let (tenant, client) = (emulator.tenant_id(), emulator.client_id());
    let credential = ClientSecretCredential::builder(tenant, client, secret.clone())
        .with_options(&options)
        .build();
    Arc::new(credential.expect("a credential"))
}
