//! Managed identity over real sockets: from the built-in transport to an emulated Azure host.

mod absent;
mod refused;
mod wire;

use std::path::Path;
use std::sync::Arc;

use entra_identity::{
    AccessToken, ClientOptions, Error, ManagedIdentityCredential, ManagedIdentityCredentialBuilder,
    TokenCredential,
};
use identity_emulator::{Emulator, Host, HostKind, ManagedIdentity};
use identity_testkit::{LeakGuard, TestEnv};

use crate::support::{CLIENT, SCOPE};

/// A host whose secrets the guard knows, and the environment that it gives to its programs.
struct Machine {
    emulator: Emulator,
    env: TestEnv,
    header: String,
    secret: String,
    key: String,
}

/// A host with an identity of its own, and with that of the recorded cases.
fn host() -> Host {
    Host::new()
        .identity(ManagedIdentity::system_assigned("own"))
        .identity(ManagedIdentity::user_assigned("user").client_id(CLIENT))
}

impl Machine {
    async fn start(guard: &LeakGuard, host: Host, keys: Option<&Path>) -> Self {
        let secret = |name: &str| guard.secret(name).expose().to_owned();
        let (header, msi_secret, key) = (secret("header"), secret("msi_secret"), secret("key"));
        let mut host = host
            .identity_header(&header)
            .msi_secret(&msi_secret)
            .arc_key(&key);
        if let Some(keys) = keys {
            host = host.arc_key_directory(keys);
        }
        let emulator = Emulator::builder()
            .signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
            .host(host)
            .start()
            .await
            .unwrap();
        Self {
            emulator,
            env: TestEnv::new(),
            header,
            secret: msi_secret,
            key,
        }
    }

    /// Makes it a host of this kind.
    fn is(&self, kind: HostKind) -> &Self {
        for (name, value) in self.emulator.host_environment(kind) {
            self.env.set(name, value);
        }
        self
    }

    fn options(&self) -> ClientOptions {
        ClientOptions::new().with_env(Arc::new(self.env.clone()))
    }

    fn builder(&self) -> ManagedIdentityCredentialBuilder {
        ManagedIdentityCredential::builder().with_options(&self.options())
    }
}

/// Gets a token, shows the guard everything, and makes the token known to it.
async fn get(guard: &LeakGuard, credential: &ManagedIdentityCredential) -> Result<AccessToken, Error> {
    guard.check(credential);
    let result = credential.get_token(&[SCOPE]).await;
    if let Ok(token) = guard.check_result(&result) {
        guard.know("access_token", token.secret());
    }
    result
}
