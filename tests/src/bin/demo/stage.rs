//! The emulator with all that the rows need, and how credentials are pointed at it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use entra_identity::{Authority, ClientOptions};
use identity_emulator::{
    App, Builder, CodeRequest, Emulator, ExpiresOn, FederatedCredential, Host, TestCertificate, User,
    UserTokenRequest,
};
use tempfile::TempDir;

use crate::Result;

/// The user of the rows that have one.
pub(crate) const USER: &str = "ada@contoso.test";
/// And the password.
pub(crate) const PASSWORD: &str = "a password";
/// The application that people sign in to.
pub(crate) const DESKTOP: &str = "desktop";
/// Where the users' sign-ins end.
pub(crate) const REDIRECT: &str = "https://app.contoso.test/signed-in";
/// The audience of federated credentials. Credentials know it for Microsoft's own clouds, of which the emulator is none.
pub(crate) const EXCHANGE: &str = "api://AzureADTokenExchange";

/// A running emulator whose application takes every kind of proof.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    /// Another one, whose host is an App Service with the interface of 2017 on Windows.
    pub(crate) old_app_service: Emulator,
    /// One value for all credentials: they share its connections.
    pub(crate) options: ClientOptions,
    pub(crate) certificate: TestCertificate,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn set() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let keys = keys_of(&folder);
        std::fs::create_dir(&keys)?;
        let builder = Emulator::builder()
            .host(Host::fixed().arc_key_directory(keys))
            .app(App::fixed())
            .app(App::public(DESKTOP).redirect_uri("http://localhost"))
            .user(User::new(USER).password(PASSWORD))
            .device_interval(1);
        let emulator = with_key_file(builder).start().await?;
        let old_app_service = with_key_file(Emulator::builder())
            .host(Host::fixed().expires_on(ExpiresOn::DateAmPm))
            .start()
            .await?;
        let certificate = TestCertificate::generate("demo")?;
        let client = emulator.client_id();
        emulator.register_certificate(client, certificate.certificate_pem())?;
        let host = emulator.managed_identity("host").ok_or("there is no host")?;
        for credential in [
            FederatedCredential::service_account("shop", "orders"),
            FederatedCredential::azure_pipelines(),
            FederatedCredential::github_actions(),
            FederatedCredential::managed_identity(host.object_id_text()),
        ] {
            emulator.register_federated_credential(client, credential)?;
        }
        let options = ClientOptions::new()
            .with_authority(Authority::parse(emulator.authority())?)
            .with_disable_instance_discovery(true)
            .with_extra_roots(format!("{}{}", emulator.ca_pem(), old_app_service.ca_pem()).into_bytes());
        let stage = Self {
            options,
            certificate,
            folder,
            emulator,
            old_app_service,
        };
        // What a cluster projects into its pods.
        let token = stage.emulator.service_account_token("shop", "orders");
        #[expect(clippy::disallowed_methods, reason = "a file of the demonstration's own")]
        std::fs::write(stage.token_file(), token)?;
        Ok(stage)
    }

    pub(crate) fn tenant(&self) -> &str {
        self.emulator.tenant_id()
    }

    pub(crate) fn client(&self) -> &str {
        self.emulator.client_id()
    }

    /// The client id of the application that people sign in to. An empty one is refused by the credentials.
    pub(crate) fn desktop(&self) -> &str {
        self.emulator.client_id_of(DESKTOP).unwrap_or_default()
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.folder.path().join("service-account-token")
    }

    /// Where the agent of Azure Arc keeps its keys.
    pub(crate) fn arc_keys(&self) -> String {
        keys_of(&self.folder).to_string_lossy().into_owned()
    }

    /// The environment that AKS gives to a pod with a workload identity.
    pub(crate) fn pod(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AZURE_AUTHORITY_HOST", self.emulator.authority().to_owned()),
            ("AZURE_TENANT_ID", self.tenant().to_owned()),
            ("AZURE_CLIENT_ID", self.client().to_owned()),
            (
                "AZURE_FEDERATED_TOKEN_FILE",
                self.token_file().to_string_lossy().into_owned(),
            ),
        ]
    }

    /// Options with these variables in place of ours.
    pub(crate) fn within(&self, variables: Vec<(&'static str, String)>) -> ClientOptions {
        let variables = variables.into_iter();
        let variables: HashMap<String, String> =
            variables.map(|(name, value)| (name.to_owned(), value)).collect();
        self.options.clone().with_env(Arc::new(variables))
    }

    /// The token that a user called the application with. An empty one is refused by the credential.
    pub(crate) fn users_token(&self) -> String {
        let wish = UserTokenRequest::new(self.client()).user(User::new(USER));
        self.emulator.mint_user_token(&wish).unwrap_or_default()
    }

    /// The code of a user's sign-in, and its PKCE verifier. An empty code is refused by the credential.
    pub(crate) fn code(&self) -> (String, &'static str) {
        let verifier = "a-verifier-of-at-least-forty-three-characters";
        let wish = CodeRequest::new(REDIRECT)
            .user(User::new(USER))
            .code_verifier(verifier);
        (self.emulator.mint_code(&wish).unwrap_or_default(), verifier)
    }
}

fn keys_of(folder: &TempDir) -> PathBuf {
    folder.path().join("arc-keys")
}

/// Keeps the signing key where the test door says, which saves most of the start.
#[expect(clippy::disallowed_methods, reason = "what the test door tells its programs")]
fn with_key_file(builder: Builder) -> Builder {
    match std::env::var_os("IDENTITY_EMULATOR_KEY_FILE") {
        Some(path) => builder.signing_key_file(path),
        None => builder,
    }
}
