//! The stage of a cell: an emulator that serves every flow, the credential's surroundings, and time that passes when it may.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use entra_identity::seam::{BrowserOpener, Clock};
use entra_identity::{Authority, ClientOptions, Secret};
use identity_emulator::{
    App, CiHost, DeveloperTool, EmulatedBrowser, Emulator, FakeTools, FederatedCredential, Host,
    ManagedIdentity, Resource, Tenant, ToolAnswer, User,
};
use identity_testkit::{LeakGuard, Lookup, ScriptedResolver, TestClock, TestEnv};

use super::files::FileFaults;
use super::flows::{Flow, Kind, tool};
use super::watch::{Watch, WatchedBrowser, WatchedFiles, WatchedHttp};
use crate::confidential::CERTIFICATE;
use crate::support::{CLIENT, TENANT, write};

/// The person whose password is checked here.
pub(super) const ADA: &str = "ada@contoso.test";
/// The person whose password another organization checks.
pub(super) const EVE: &str = "eve@partner.test";
/// The identity that was assigned to the host and that the application trusts.
pub(super) const IDENTITY: &str = "77777777-7777-7777-7777-777777777777";
/// The host that confirms authorities; the emulator stands in for it.
const CONFIRMING: &str = "login.microsoftonline.com";
/// The address of every virtual machine's metadata service; the emulator stands in for it.
const METADATA: &str = "169.254.169.254";

/// What becomes of a variable's value, by its name and value.
type Change = Box<dyn Fn(&str, &str) -> String + Send + Sync>;

/// All that surrounds the credential of a cell.
pub(super) struct Stage {
    pub(super) guard: LeakGuard,
    pub(super) emulator: Emulator,
    pub(super) clock: TestClock,
    pub(super) env: TestEnv,
    pub(super) watch: Watch,
    pub(super) resolver: ScriptedResolver,
    pub(super) faults: FileFaults,
    pub(super) folder: tempfile::TempDir,
    pub(super) tools: FakeTools,
    pub(super) secret: Secret,
    pub(super) password: Secret,
    /// Stands where a fault puts a secret that must not come out again.
    pub(super) canary: Secret,
    browser: EmulatedBrowser,
    opener: Mutex<Option<Arc<dyn BrowserOpener>>>,
    variables: Mutex<Option<Change>>,
}

impl Stage {
    pub(super) async fn set_up(guard: &LeakGuard, flow: &Flow) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = |name: &str| guard.secret(name);
        let (client_secret, password) = (
            guard.secret_with_symbols("client_secret"),
            guard.secret_with_symbols("password"),
        );
        let app = App::confidential("service")
            .id(CLIENT)
            .secret(client_secret.expose())
            .certificate(CERTIFICATE.certificate_pem())
            .federated(FederatedCredential::service_account("shop", "orders"))
            .federated(FederatedCredential::azure_pipelines())
            .federated(FederatedCredential::github_actions())
            .federated(FederatedCredential::managed_identity(IDENTITY));
        let ci = CiHost::fixed()
            .system_access_token(secret("system_access_token").expose())
            .github_request_token(secret("github_request_token").expose());
        let host = Host::new()
            .identity(ManagedIdentity::system_assigned("own"))
            .identity(ManagedIdentity::user_assigned("pod").object_id(IDENTITY))
            .identity_header(secret("identity_header").expose())
            .msi_secret(secret("msi_secret").expose())
            .arc_key(secret("arc_key").expose())
            .arc_key_directory(folder.path().join("arc"));
        let now = now();
        let emulator = Emulator::builder()
            .signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
            .tenant(Tenant::new("recorded").id(TENANT))
            .app(app)
            .app(
                App::public("desktop")
                    .id(super::flows::DESKTOP)
                    .redirect_uri("http://localhost"),
            )
            .resource(Resource::new("https://orders.contoso.test"))
            .user(User::new(ADA).password(password.expose()))
            .user(User::new(EVE).password(password.expose()).federated())
            .ci(ci)
            .host(host)
            .region("westeurope")
            .device_interval(5)
            .http2(flow.is_http2())
            .frozen_at(now)
            .start()
            .await
            .unwrap();
        let resolver = ScriptedResolver::new();
        for name in ["localhost", "westeurope.localhost"] {
            resolver.always(name, Lookup::to(["127.0.0.1"]));
        }
        let browser = emulator.browser();
        std::fs::create_dir_all(folder.path().join("arc")).unwrap();
        // The system's own roots would have to be read for each of the many transports.
        let roots = folder.path().join("roots.pem");
        write(&roots, emulator.ca_pem());
        let env = TestEnv::new();
        env.set("SSL_CERT_FILE", roots.to_str().unwrap());
        Self {
            guard: guard.clone(),
            clock: TestClock::at(now),
            env,
            watch: Watch::default(),
            resolver,
            faults: FileFaults::default(),
            tools: FakeTools::in_folder(folder.path().join("bin")).unwrap(),
            folder,
            secret: client_secret,
            password,
            canary: secret("canary"),
            browser,
            opener: Mutex::default(),
            variables: Mutex::default(),
            emulator,
        }
    }

    /// New options: another pool of connections, nothing remembered of any host.
    pub(super) fn options(&self) -> ClientOptions {
        let base = ClientOptions::new()
            .with_clock(Arc::new(self.clock.clone()))
            .with_env(Arc::new(self.env.clone()))
            .with_resolver(Arc::new(self.resolver.clone()));
        let http = WatchedHttp {
            inner: base.http(),
            watch: self.watch.clone(),
            instead: [
                (CONFIRMING, self.emulator.authority().to_owned()),
                (METADATA, self.emulator.plain_url()),
            ],
        };
        let files = WatchedFiles {
            inner: Arc::clone(base.file_system()),
            watch: self.watch.clone(),
            faults: self.faults.clone(),
        };
        let replaced = self.opener.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let browser = WatchedBrowser {
            inner: match replaced {
                Some(other) => other,
                None => Arc::new(self.browser.clone()),
            },
            watch: self.watch.clone(),
        };
        base.with_transport(Arc::new(http))
            .with_file_system(Arc::new(files))
            .with_browser_opener(Arc::new(browser))
            .with_authority(Authority::parse(self.emulator.authority()).unwrap())
            .with_disable_instance_discovery(true)
    }

    /// Options of a credential that runs tools: by the real clock, with the stand-ins in the path.
    pub(super) fn tool_options(&self) -> ClientOptions {
        self.env.set("PATH", self.tools.folder().to_str().unwrap());
        ClientOptions::new().with_env(Arc::new(self.env.clone()))
    }

    /// Sets variables for the credentials.
    pub(super) fn set<N: AsRef<str>>(&self, variables: impl IntoIterator<Item = (N, String)>) {
        let change = self.variables.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in variables {
            let value = match &*change {
                Some(change) => change(name.as_ref(), &value),
                None => value,
            };
            self.env.set(name.as_ref(), value);
        }
    }

    /// Variables that are set from now on get other values.
    pub(super) fn change_variables(&self, change: impl Fn(&str, &str) -> String + Send + Sync + 'static) {
        *self.variables.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(change));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a secret that isn't from the guard known to it. Of a long one, such as a token, three parts are looked for: all parts of it would take most of
    /// the time of a cell.
    pub(super) fn know(&self, name: &str, secret: &str) {
        const PART: usize = 48;
        if secret.len() <= 3 * PART || !secret.is_ascii() {
            self.guard.know(name, secret);
            return;
        }
        for from in [1, 2, 3].map(|quarter| secret.len() * quarter / 4) {
            self.guard.know(name, &secret[from..from + PART]);
        }
    }

    /// Another browser, for credentials that are made from now on.
    pub(super) fn replace_browser(&self, browser: Arc<dyn BrowserOpener>) {
        *self.opener.lock().unwrap_or_else(PoisonError::into_inner) = Some(browser);
    }

    /// Puts a flow's tool there, which gives a token.
    pub(super) fn prepare(&self, flow: &Flow) {
        if flow.kind == Kind::Tool {
            self.tools.install(tool(flow), &self.tool_answer()).unwrap();
        }
    }

    /// A tool's good answer.
    pub(super) fn tool_answer(&self) -> ToolAnswer {
        let token = self.guard.secret("token of a tool");
        ToolAnswer::token(token.expose(), self.clock.wall() + Duration::from_secs(3600))
    }

    /// How often a tool was called since it does what it does now. The guard sees each call.
    pub(super) fn calls(&self, tool: DeveloperTool) -> usize {
        let calls = self.tools.calls(tool).unwrap();
        for call in &calls {
            self.guard.check_argv(tool.program(), &call.args);
            self.guard.check_environ(tool.program(), &call.variables);
        }
        calls.len()
    }

    /// Lets time pass for the credential and for the emulator.
    pub(super) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.emulator.clock().advance(by);
    }

    /// How much time has passed, by the credential's clock.
    pub(super) fn elapsed(&self) -> Duration {
        Duration::from_millis(self.clock.now().elapsed)
    }
}

/// The machine's time: certificates are good by it.
#[expect(
    clippy::disallowed_methods,
    reason = "the certificates of the connections are good by the machine's clock"
)]
fn now() -> SystemTime {
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    // Whole seconds: the emulator's dates have no more.
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}
