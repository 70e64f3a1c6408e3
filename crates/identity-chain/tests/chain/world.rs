//! What the tests share: a world of fakes, and the values in it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use identity_base::seam::{FileLock, FileMetadata, FileSystem, PrivateFile, ReadOptions, WriteOptions};
use identity_base::{BoxFuture, Error, TokenCredential};
use identity_chain::{DefaultAzureCredential, DefaultAzureCredentialBuilder};
use identity_confidential::ClientCertificate;
use identity_emulator::TestCertificate;
use identity_runtime::ClientOptions;
use identity_testkit::leak_guard::{self, LeakGuard};
use identity_testkit::{
    HttpStep, MemoryFs, ProcessStep, RecordedRequest, RecordingBrowser, ScriptedHttp, ScriptedProcess,
    ScriptedRandom, TestClock, TestEnv,
};
use zeroize::Zeroizing;

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
pub(crate) const SCOPE: &str = "https://management.azure.com/.default";
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const IMDS: &str = "169.254.169.254";

/// The fakes of one test.
pub(crate) struct World {
    pub(crate) guard: LeakGuard,
    pub(crate) http: ScriptedHttp,
    pub(crate) clock: TestClock,
    pub(crate) env: TestEnv,
    pub(crate) files: MemoryFs,
    pub(crate) tools: ScriptedProcess,
}

/// Runs a test under the leak guard, in a world whose time passes by itself, where no host answers and no tool is installed.
pub(crate) fn run(test: impl AsyncFnOnce(&World)) {
    run_with(ScriptedHttp::new().respond_with(|_, _| HttpStep::hang()), test);
}

/// The same with a network that answers.
pub(crate) fn run_with(http: ScriptedHttp, test: impl AsyncFnOnce(&World)) {
    run_at(&TestClock::new(), http, test);
}

/// The same by a clock that the network knows as well.
pub(crate) fn run_at(clock: &TestClock, http: ScriptedHttp, test: impl AsyncFnOnce(&World)) {
    leak_guard::run_virtual(clock, async |guard| {
        within(clock.clone(), http, &guard, test).await
    });
}

/// The same where time stands still unless the test moves it: for work on other threads, which virtual time does not wait for.
pub(crate) fn run_still(http: ScriptedHttp, test: impl AsyncFnOnce(&World)) {
    leak_guard::run(async |guard| within(TestClock::new(), http, &guard, test).await);
}

async fn within(clock: TestClock, http: ScriptedHttp, guard: &LeakGuard, test: impl AsyncFnOnce(&World)) {
    let tools = ScriptedProcess::new();
    tools.keep_time_by(clock.clone());
    let world = World {
        http: http.keeping_time_by(clock.clone()),
        env: TestEnv::new(),
        files: MemoryFs::with_clock(&clock),
        tools,
        clock,
        guard: guard.clone(),
    };
    guard.watch(&world.http).watch(&world.files).watch(&world.tools);
    world.env.set("HOME", "/home/user");
    test(&world).await;
}

impl World {
    /// Options over these fakes.
    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions::default()
            .with_transport(Arc::new(self.http.clone()))
            .with_clock(Arc::new(self.clock.clone()))
            .with_env(Arc::new(self.env.clone()))
            .with_file_system(Arc::new(Files(self.files.clone())))
            .with_random(Arc::new(ScriptedRandom::seeded(1)))
            .with_process_runner(Arc::new(self.tools.clone()))
            .with_browser_opener(Arc::new(RecordingBrowser::new()))
    }

    pub(crate) fn builder(&self) -> DefaultAzureCredentialBuilder {
        DefaultAzureCredential::builder().with_options(&self.options())
    }

    /// The default chain of this world.
    pub(crate) fn default_chain(&self) -> DefaultAzureCredential {
        self.builder().build().unwrap()
    }

    /// Names an application with a secret in the environment.
    pub(crate) fn set_application(&self) {
        let secret = self.guard.secret("client_secret");
        self.env
            .set("AZURE_TENANT_ID", TENANT)
            .set("AZURE_CLIENT_ID", CLIENT)
            .set("AZURE_CLIENT_SECRET", secret.expose());
    }

    /// As [`World::put_certificate`], with a key that the password protects.
    pub(crate) fn put_encrypted_certificate(&self, path: &str, password: &str) {
        self.put_certificate(path);
        let pem = encrypted(pem(), password);
        self.files.put(path, pem);
    }

    /// Writes a certificate with its key, and sets the clock to a day on which it is valid.
    pub(crate) fn put_certificate(&self, path: &str) -> ClientCertificate {
        let pem = pem();
        let certificate = ClientCertificate::from_bytes(pem.as_bytes(), None).unwrap();
        self.clock.set_wall(certificate.not_before() + DAY);
        self.files.put(path, pem.as_bytes());
        self.files.set_mode(path, 0o600);
        certificate
    }

    /// Installs `az`, which gives a token.
    pub(crate) fn install_az(&self) -> String {
        let token = self.guard.secret("az_token").expose().to_owned();
        self.tools.install("az", "/usr/bin/az");
        self.tools.always("az", ProcessStep::output(az_answer(&token)));
        token
    }

    /// A token, checked not to be in any text of its result.
    pub(crate) async fn token(&self, credential: &dyn TokenCredential) -> Result<String, Error> {
        self.token_for(credential, SCOPE).await
    }

    pub(crate) async fn token_for(
        &self,
        credential: &dyn TokenCredential,
        scope: &str,
    ) -> Result<String, Error> {
        let result = credential.get_token(&[scope]).await;
        self.guard.check(credential);
        match &result {
            Ok(token) => _ = self.guard.check(token),
            Err(error) => _ = self.guard.check_error(error),
        }
        result.map(|token| token.secret().to_owned())
    }
}

/// A certificate and its key, made once for all tests.
fn pem() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| TestCertificate::generate("chain").unwrap().pem())
}

/// The same with an encrypted key, as `openssl` writes it.
#[expect(clippy::disallowed_methods, reason = "the tool that people use")]
fn encrypted(pem: &str, password: &str) -> String {
    use std::io::Write as _;
    let mut openssl = std::process::Command::new("openssl")
        .args([
            "pkcs8",
            "-topk8",
            "-v2",
            "aes-256-cbc",
            "-passout",
            "env:PASSWORD",
        ])
        .env("PASSWORD", password)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = openssl.stdin.take().unwrap();
    input.write_all(pem.as_bytes()).unwrap();
    drop(input);
    let output = openssl.wait_with_output().unwrap();
    assert!(output.status.success());
    let key = String::from_utf8(output.stdout).unwrap();
    let certificate = pem.split_once("-----BEGIN CERTIFICATE-----").unwrap().1;
    let certificate = certificate.split_once("-----END CERTIFICATE-----").unwrap().0;
    format!("{key}-----BEGIN CERTIFICATE-----{certificate}-----END CERTIFICATE-----\n")
}

/// What `az account get-access-token` prints.
pub(crate) fn az_answer(token: &str) -> String {
    serde_json::json!({
        "accessToken": token, "expires_on": 4_102_444_800_u64, "expiresOn": "2100-01-01 00:00:00.000000",
        "subscription": TENANT, "tenant": TENANT, "tokenType": "Bearer",
    })
    .to_string()
}

/// The metadata endpoint's good answer.
pub(crate) fn imds_token(token: &str) -> HttpStep {
    imds_token_for(token, "https://management.azure.com")
}

pub(crate) fn imds_token_for(token: &str, resource: &str) -> HttpStep {
    HttpStep::json(
        200,
        &serde_json::json!({
            "access_token": token, "expires_in": "86399", "expires_on": "4102444800",
            "resource": resource, "token_type": "Bearer",
        }),
    )
}

/// Whether a request is the probe of the metadata endpoint, which asks for nothing.
pub(crate) fn is_probe(request: &RecordedRequest) -> bool {
    is_imds(request) && request.request().uri.query().is_none()
}

pub(crate) fn is_imds(request: &RecordedRequest) -> bool {
    request.request().uri.host() == Some(IMDS)
}

/// Files in memory, with token caches among them that can be read and not be changed.
#[derive(Debug)]
struct Files(MemoryFs);

impl FileSystem for Files {
    fn read<'a>(&'a self, path: &'a Path, options: ReadOptions) -> BoxFuture<'a, io::Result<Contents>> {
        self.0.read(path, options)
    }

    fn read_blocking(&self, path: &Path, options: ReadOptions) -> io::Result<Contents> {
        self.0.read_blocking(path, options)
    }

    fn metadata<'a>(&'a self, path: &'a Path, no_follow: bool) -> BoxFuture<'a, io::Result<FileMetadata>> {
        self.0.metadata(path, no_follow)
    }

    fn write<'a>(
        &'a self,
        path: &'a Path,
        contents: &'a [u8],
        options: WriteOptions,
    ) -> BoxFuture<'a, io::Result<()>> {
        self.0.write(path, contents, options)
    }

    fn list<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>> {
        self.0.list(path)
    }

    fn remove<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<()>> {
        self.0.remove(path)
    }

    fn private_file(&self, path: &Path) -> Option<Arc<dyn PrivateFile>> {
        Some(Arc::new(Private(self.0.clone(), path.to_owned())))
    }
}

type Contents = (Zeroizing<Vec<u8>>, FileMetadata);

#[derive(Debug)]
struct Private(MemoryFs, PathBuf);

impl PrivateFile for Private {
    fn metadata(&self) -> BoxFuture<'_, io::Result<Option<FileMetadata>>> {
        Box::pin(async { there(self.0.metadata(&self.1, true).await) })
    }

    fn read(&self, max_bytes: u64) -> BoxFuture<'_, io::Result<Option<Contents>>> {
        let options = ReadOptions::new().max_bytes(max_bytes);
        Box::pin(async move { there(self.0.read(&self.1, options).await) })
    }

    fn try_lock(&self) -> BoxFuture<'_, io::Result<Box<dyn FileLock>>> {
        Box::pin(async { Err(io::ErrorKind::PermissionDenied.into()) })
    }
}

fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
