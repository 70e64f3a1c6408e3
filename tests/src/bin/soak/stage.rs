//! The emulator with all that the flows need, and how credentials are pointed at it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entra_identity::seam::HttpClient;
use entra_identity::{Authority, ClientOptions, Error, ErrorKind, RetryPolicy};
use identity_emulator::{
    App, Builder, CiHost, CodeRequest, DeveloperTool, Emulator, FakeTools, FederatedCredential, Host,
    HostKind, ManagedIdentity, Resource, Tenant, TestCertificate, ToolAnswer, User, UserTokenRequest,
};
use tempfile::TempDir;

use crate::Result;
use crate::ledger::Ledger;
use crate::watch::Watched;

/// The person whose password is checked here.
pub(crate) const USER: &str = "ada@contoso.test";
/// The person whose password another organization checks.
pub(crate) const FEDERATED_USER: &str = "eve@partner.test";
/// The application that people sign in to.
const DESKTOP: &str = "desktop";
pub(crate) const REDIRECT: &str = "https://app.contoso.test/signed-in";
/// The audience of federated credentials.
pub(crate) const EXCHANGE: &str = "api://AzureADTokenExchange";
/// The second tenant that the application is known in.
pub(crate) const OTHER_TENANT: &str = "99999999-9999-4999-8999-999999999999";
pub(crate) const CLIENT: &str = "11111111-2222-4333-8444-555555555555";

const SECRET: &str = "soak-canary-client-secret-Zk3~q&=%";
const PASSWORD: &str = "soak-canary-password-Wd8 +%";
const SYSTEM_TOKEN: &str = "soak-canary-system-access-token";
const GITHUB_TOKEN: &str = "soak-canary-github-request-token";
const IDENTITY_HEADER: &str = "soak-canary-identity-header";
const MSI_SECRET: &str = "soak-canary-msi-secret";
const ARC_KEY: &str = "soak-canary-arc-key";
/// The signature of JWTs that faults put where no token belongs.
pub(crate) const FORGED: &str = "c29hay1jYW5hcnk";

/// Tokens live so long: they expire and are refreshed many times in a run.
pub(crate) const LIFETIME: Duration = Duration::from_secs(40);
/// Tokens that callers use all the time, of each credential.
pub(crate) const HOT: u64 = 3;
/// Tokens that are asked for now and then.
pub(crate) const COLD: u64 = 40;
/// Tokens for APIs that evaluate access continuously, which nobody asks for otherwise: a host's endpoint isn't told of that.
pub(crate) const CAE: u64 = 8;

/// A running emulator whose application takes every kind of proof.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) certificate: TestCertificate,
    /// The transport of all credentials; `None` once the soak is over.
    http: Mutex<Option<Arc<dyn HttpClient>>>,
    folder: TempDir,
}

/// The name of an API.
pub(crate) fn api(number: u64) -> String {
    format!("api://soak-{number}")
}

impl Stage {
    pub(crate) async fn set(seed: u64, http2: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        for name in ["arc", "cache"] {
            std::fs::create_dir(path.join(name))?;
        }
        let certificate = TestCertificate::generate("soak")?;
        let host = ManagedIdentity::system_assigned("host");
        let app = App::confidential("service")
            .id(CLIENT)
            .secret(SECRET)
            .certificate(certificate.certificate_pem())
            .federated(FederatedCredential::service_account("shop", "orders"))
            .federated(FederatedCredential::azure_pipelines())
            .federated(FederatedCredential::github_actions())
            .federated(FederatedCredential::managed_identity(host.object_id_text()))
            .token_lifetime(LIFETIME)
            .multitenant();
        let mut builder = with_key_file(Emulator::builder())
            .seed(seed)
            .http2(http2)
            .journal_limit(crate::journal::LIMIT)
            .device_interval(1)
            .tenant(Tenant::fixed().token_lifetime(LIFETIME))
            .app(app)
            .app(
                App::public(DESKTOP)
                    .redirect_uri("http://localhost")
                    .token_lifetime(LIFETIME),
            )
            .user(User::new(USER).password(PASSWORD))
            .user(User::new(FEDERATED_USER).password(PASSWORD).federated())
            .tenant(Tenant::new("fabrikam").id(OTHER_TENANT).token_lifetime(LIFETIME))
            .ci(CiHost::fixed()
                .system_access_token(SYSTEM_TOKEN)
                .github_request_token(GITHUB_TOKEN))
            .host(
                Host::new()
                    .identity(host)
                    .identity_header(IDENTITY_HEADER)
                    .msi_secret(MSI_SECRET)
                    .arc_key(ARC_KEY)
                    .arc_key_directory(path.join("arc"))
                    .token_lifetime(LIFETIME),
            );
        for number in 0..HOT + COLD + CAE {
            builder = builder.resource(Resource::new(api(number)));
        }
        let emulator = builder.start().await?;
        let options = ClientOptions::new()
            .with_env(Arc::new(HashMap::<String, String>::new()))
            .with_extra_roots(emulator.ca_pem().into_bytes());
        let stage = Self {
            http: Mutex::new(Some(options.http())),
            certificate,
            folder,
            emulator,
        };
        #[expect(clippy::disallowed_methods, reason = "a file of the soak's own")]
        std::fs::write(
            stage.token_file(),
            stage.emulator.service_account_token("shop", "orders"),
        )?;
        stage.install_tools()?;
        Ok(stage)
    }

    /// Options of a new credential: the shared transport, watched, and repetitions that come soon.
    pub(crate) fn options(
        &self,
        flow: usize,
        chained: bool,
        ledger: &Arc<Ledger>,
    ) -> Result<ClientOptions, Error> {
        let http = self.http.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let http = http.ok_or_else(|| Error::new(ErrorKind::Closed, "the soak is over"))?;
        let watched = Watched::new(http, flow, 1 + usize::from(chained), Arc::clone(ledger));
        Ok(ClientOptions::new()
            .with_transport(Arc::new(watched))
            .with_authority(Authority::parse(self.emulator.authority())?)
            .with_disable_instance_discovery(true)
            .with_env(Arc::new(HashMap::<String, String>::new()))
            .with_retry_policy(quick(RetryPolicy::new())))
    }

    pub(crate) fn tenant(&self) -> &str {
        self.emulator.tenant_id()
    }

    /// The client id of the application that people sign in to. An empty one is refused by the credentials.
    pub(crate) fn desktop(&self) -> &str {
        self.emulator.client_id_of(DESKTOP).unwrap_or_default()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.path("service-account-token")
    }

    pub(crate) const fn secret() -> &'static str {
        SECRET
    }

    pub(crate) const fn password() -> &'static str {
        PASSWORD
    }

    /// The client id of the host's own identity.
    pub(crate) fn host_client(&self) -> &str {
        self.emulator
            .managed_identity("host")
            .map_or("", ManagedIdentity::client_id_text)
    }

    /// The environment of a pod with a workload identity.
    pub(crate) fn pod(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AZURE_AUTHORITY_HOST", self.emulator.authority().to_owned()),
            ("AZURE_TENANT_ID", self.tenant().to_owned()),
            ("AZURE_CLIENT_ID", CLIENT.to_owned()),
            (
                "AZURE_FEDERATED_TOKEN_FILE",
                self.token_file().to_string_lossy().into_owned(),
            ),
        ]
    }

    /// The environment of a program that is the application.
    pub(crate) fn application(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AZURE_AUTHORITY_HOST", self.emulator.authority().to_owned()),
            ("AZURE_TENANT_ID", self.tenant().to_owned()),
            ("AZURE_CLIENT_ID", CLIENT.to_owned()),
            ("AZURE_CLIENT_SECRET", SECRET.to_owned()),
        ]
    }

    pub(crate) fn host(&self, kind: HostKind) -> Vec<(&'static str, String)> {
        self.emulator.host_environment(kind)
    }

    /// The token that a user called the application with. An empty one is refused by the credential.
    pub(crate) fn users_token(&self) -> String {
        let wish = UserTokenRequest::new(CLIENT)
            .user(User::new(USER))
            .lifetime(Duration::from_secs(86_400));
        self.emulator.mint_user_token(&wish).unwrap_or_default()
    }

    /// The code of a user's sign-in. An empty one is refused by the credential.
    pub(crate) fn code(&self) -> String {
        let wish = CodeRequest::new(REDIRECT).user(User::new(USER));
        self.emulator.mint_code(&wish).unwrap_or_default()
    }

    /// What must never be read in an error or an address.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let key = self.certificate.key_pem();
        let mut secrets = [
            SECRET,
            PASSWORD,
            SYSTEM_TOKEN,
            GITHUB_TOKEN,
            IDENTITY_HEADER,
            MSI_SECRET,
            ARC_KEY,
            FORGED,
        ]
        .map(str::to_owned)
        .to_vec();
        secrets.extend(key.lines().nth(2).map(str::to_owned));
        secrets
    }

    /// Folders with developer tools, each for a way in which tools behave.
    fn install_tools(&self) -> Result<()> {
        for tool in DeveloperTool::ALL {
            for (name, answer) in self.behaviours() {
                let tools = FakeTools::in_folder(self.tools(name))?;
                tools.install(tool, &answer)?;
            }
        }
        Ok(())
    }

    fn behaviours(&self) -> [(&'static str, ToolAnswer); 7] {
        let good = || ToolAnswer::token_of(&self.emulator);
        [
            (GOOD, good()),
            ("slow", good().after(Duration::from_millis(60))),
            ("signed-out", ToolAnswer::not_logged_in()),
            ("garbage", ToolAnswer::garbage()),
            (
                "failing",
                ToolAnswer::exits(
                    1,
                    "",
                    "ERROR: soak-canary of a tool eyJhbGciOiJSUzI1NiJ9.e30.c29hay1jYW5hcnk",
                ),
            ),
            ("killed", ToolAnswer::killed()),
            ("hanging", ToolAnswer::hang()),
        ]
    }

    /// The folder of tools that behave in this way.
    pub(crate) fn tools(&self, behaviour: &str) -> PathBuf {
        self.path("tools").join(behaviour)
    }

    /// Ends the connections of all credentials.
    pub(crate) fn close_connections(&self) {
        drop(self.http.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// How a tool behaves that is well.
pub(crate) const GOOD: &str = "good";
/// How tools behave in a soak, by the number of the credential.
pub(crate) const BEHAVIOURS: [&str; 9] = [
    GOOD,
    GOOD,
    "slow",
    "signed-out",
    GOOD,
    "garbage",
    "failing",
    "killed",
    "hanging",
];

/// The policy with waits that let a soak reach its rate. Breakers and budgets stay as they are.
pub(crate) fn quick(policy: RetryPolicy) -> RetryPolicy {
    policy
        .with_first_delay(Duration::from_millis(4))
        .with_max_delay(Duration::from_millis(40))
        .with_total(Duration::from_secs(5))
        .with_min_attempt(Duration::from_millis(200))
}

/// These variables in place of the process's own.
pub(crate) fn within(options: &ClientOptions, variables: Vec<(&'static str, String)>) -> ClientOptions {
    let variables = variables.into_iter();
    let variables: HashMap<String, String> =
        variables.map(|(name, value)| (name.to_owned(), value)).collect();
    options.clone().with_env(Arc::new(variables))
}

/// Keeps the signing key where the test door says, which saves most of the start.
#[expect(clippy::disallowed_methods, reason = "what the test door tells its programs")]
fn with_key_file(builder: Builder) -> Builder {
    match std::env::var_os("IDENTITY_EMULATOR_KEY_FILE") {
        Some(path) => builder.signing_key_file(path),
        None => builder,
    }
}
