//! Credentials of people over real TLS and a real loopback listener, against an emulated Entra whose people do what a script says.

mod refused;
mod signs_in;

use std::sync::Arc;

use entra_identity::{
    Authority, ClientOptions, DeviceCodeCredential, DeviceCodeCredentialBuilder,
    InteractiveBrowserCredential, InteractiveBrowserCredentialBuilder, UsernamePasswordCredential,
};
use identity_emulator::{App, EmulatedBrowser, Emulator, Tenant, User};
use identity_testkit::{LeakGuard, TestEnv};

use crate::support::{CLIENT, TENANT, visible};

const ADA: &str = "ada@contoso.test";
const EVE: &str = "eve@partner.test";
const USER_SCOPE: &str = "https://graph.microsoft.com/User.Read";
const OTHER_SCOPE: &str = "https://graph.microsoft.com/Mail.Read";

/// An emulated Entra with a public client, two people, and a browser.
struct Service {
    emulator: Emulator,
    browser: EmulatedBrowser,
    password: String,
}

impl Service {
    async fn start(guard: &LeakGuard) -> Self {
        let password = guard.secret_with_symbols("password").expose().to_owned();
        let emulator = Emulator::builder()
            .signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
            .tenant(Tenant::new("recorded").id(TENANT))
            .app(App::public("desktop").id(CLIENT).redirect_uri("http://localhost"))
            .user(User::new(ADA).password(&password))
            .user(User::new(EVE).password(&password).federated())
            .device_interval(1)
            .start()
            .await
            .unwrap();
        let browser = emulator.browser();
        Self {
            emulator,
            browser,
            password,
        }
    }

    fn options(&self) -> ClientOptions {
        ClientOptions::new()
            .with_authority(Authority::parse(self.emulator.authority()).unwrap())
            .with_disable_instance_discovery(true)
            .with_extra_roots(self.emulator.ca_pem().into_bytes())
            .with_env(Arc::new(TestEnv::new()))
            .with_browser_opener(Arc::new(self.browser.clone()))
    }

    fn browser(&self) -> InteractiveBrowserCredentialBuilder {
        InteractiveBrowserCredential::builder()
            .with_client_id(CLIENT)
            .with_options(&self.options())
    }

    fn device(&self) -> DeviceCodeCredentialBuilder {
        DeviceCodeCredential::builder()
            .with_client_id(CLIENT)
            .with_options(&self.options())
            .with_prompt(|_| ())
    }

    fn password(&self, user: &str) -> UsernamePasswordCredential {
        UsernamePasswordCredential::builder(CLIENT, user, self.password.clone())
            .with_options(&self.options())
            .build()
            .unwrap()
    }

    /// Shows the guard all requests that were made.
    fn check_journal(&self, guard: &LeakGuard) {
        guard.check_journal(&visible(&self.emulator.requests()));
    }
}
