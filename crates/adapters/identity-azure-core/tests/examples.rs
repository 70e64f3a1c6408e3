//! The examples, run as a reader would run them: as programs, with settings from the environment. A proxy leads the names of the public cloud to the emulator.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests start the programs that they test, and their helpers fail the test"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use adapter_testkit::{BlobService, HttpService, Reply, Request};
use http::StatusCode;
use http::header::AUTHORIZATION;
use identity_emulator::{App, Emulator, Fault, Requests};
use identity_testkit::{LeakGuard, TunnelProxy};

const VAULT: &str = "contoso.vault.azure.net";

/// The emulator under the names of the public cloud, and the environment of programs that reach it.
struct Stand {
    emulator: Emulator,
    proxy: TunnelProxy,
    secret: String,
    folder: tempfile::TempDir,
    guard: LeakGuard,
}

impl Stand {
    async fn start() -> Self {
        let guard = LeakGuard::new();
        let secret = guard.secret("client secret").expose().to_owned();
        let emulator = Emulator::builder()
            .server_name("login.microsoftonline.com")
            .server_name(VAULT)
            .issuer_base("https://login.microsoftonline.com")
            .app(App::confidential("daemon").secret(&secret))
            .start()
            .await
            .unwrap();
        Self {
            proxy: TunnelProxy::start(emulator.address()).unwrap(),
            emulator,
            secret,
            folder: tempfile::tempdir().unwrap(),
            guard,
        }
    }

    /// An example that also trusts the roots of `ca_pem`.
    fn example(&self, name: &str, ca_pem: &str) -> Command {
        let roots = self.folder.path().join("roots.pem");
        std::fs::write(&roots, self.emulator.ca_pem() + ca_pem).unwrap();
        let mut command = Command::new(built(name));
        command
            .env_clear()
            .env("HTTPS_PROXY", self.proxy.url())
            .env("NO_PROXY", "localhost")
            .env("SSL_CERT_FILE", roots)
            .env("AZURE_TENANT_ID", self.emulator.tenant_id())
            .env("AZURE_CLIENT_ID", self.emulator.client_id())
            .env("AZURE_CLIENT_SECRET", &self.secret)
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end; what it printed if all went well.
    async fn run(&self, mut command: Command) -> String {
        // The services that it asks are tasks of this runtime.
        let output = tokio::task::spawn_blocking(move || command.output());
        self.printed(output.await.unwrap().unwrap())
    }

    fn printed(&self, output: Output) -> String {
        self.guard.check_output("example", &output.stdout, &output.stderr);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success() && stderr.is_empty(), "{stdout}{stderr}");
        stdout
    }

    /// Makes the emulator a vault that has one secret, and asks for a token first.
    fn has_secret(&self, name: &str, value: &str) {
        let path = format!("/secrets/{name}/");
        let challenge = r#"Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net""#;
        let unauthorized = Fault::on_any().path(&path).nth(1).status(401);
        self.emulator
            .fault(unauthorized.header("www-authenticate", challenge));
        let id = format!("https://{VAULT}/secrets/{name}/1");
        let found = serde_json::json!({ "value": value, "id": id, "attributes": { "enabled": true } });
        self.emulator
            .fault(Fault::on_any().path(&path).after(1).json(found));
    }

    /// What the vault was asked.
    fn vault(&self) -> Requests {
        let requests = self.emulator.requests();
        requests.filter(|request| request.path().starts_with("/secrets/"))
    }

    /// The scope of each token request.
    fn scopes(&self) -> Vec<String> {
        let requests = self.emulator.requests().token();
        let scopes = requests
            .iter()
            .filter_map(|request| request.form("scope").map(str::to_owned));
        scopes.collect()
    }

    fn end(&self) {
        self.guard.finish();
    }
}

/// The program of an example, which cargo has built along with this test.
fn built(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let profile = this.parent().and_then(Path::parent).unwrap();
    let program = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs"));
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    let is_fresh = changed(&program).is_ok_and(|built| built >= changed(&source).unwrap());
    assert!(
        is_fresh,
        "{} is not built, or not from the source that is there: cargo builds examples for `cargo test` without a target or a test named, and for `cargo build --examples`",
        program.display()
    );
    program
}

#[tokio::test]
async fn a_blob_is_written_and_read_although_the_first_token_is_revoked() {
    let stand = Stand::start().await;
    let service = BlobService::revoking(1).await;
    let mut command = stand.example("blob_storage", service.ca_pem());
    command.env("BLOB_ENDPOINT", service.url());
    assert_eq!(stand.run(command).await, "hello from Rust\n");

    let calls = service.calls();
    let statuses: Vec<_> = calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses.first(), Some(&401), "{calls:?}");
    assert!(
        statuses[1..].iter().all(|status| (200..300).contains(status)),
        "{calls:?}"
    );
    assert_eq!(stand.scopes(), ["https://storage.azure.com/.default"; 2]);
    assert_eq!(stand.proxy.hosts(), ["login.microsoftonline.com:443"]);
    stand.end();
}

#[tokio::test]
async fn a_secret_of_a_vault_is_read_and_not_shown() {
    let stand = Stand::start().await;
    let value = stand.guard.secret("vault secret");
    stand.has_secret("db-password", value.expose());
    let mut command = stand.example("key_vault_secret", "");
    command
        .env("AZURE_KEYVAULT_URL", format!("https://{VAULT}"))
        .env("SECRET_NAME", "db-password");
    let length = value.expose().chars().count();
    assert_eq!(
        stand.run(command).await,
        format!("db-password has {length} characters\n")
    );

    let asked = stand.vault().exactly(2);
    let is_signed: Vec<_> = asked
        .iter()
        .map(|request| request.header("authorization").is_some())
        .collect();
    assert_eq!(is_signed, [false, true]);
    assert_eq!(stand.scopes(), ["https://vault.azure.net/.default"]);
    stand.end();
}

#[tokio::test]
async fn a_token_that_an_api_refuses_is_replaced_once() {
    let stand = Stand::start().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tokens = Arc::clone(&seen);
    let service = HttpService::tls(move |request: Request| {
        let token = request.headers().get(AUTHORIZATION).cloned();
        let mut tokens = tokens.lock().unwrap();
        tokens.push(token.clone());
        let mut reply = Reply::new("orders".into());
        if tokens[0] == token {
            *reply.status_mut() = StatusCode::UNAUTHORIZED;
        }
        std::future::ready(reply)
    })
    .await;
    let mut command = stand.example("bearer_token_provider", service.ca_pem());
    command
        .env("API_URL", service.url())
        .env("API_SCOPE", "https://graph.microsoft.com/.default");
    assert_eq!(stand.run(command).await, "orders\norders\norders\n");

    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 4);
    assert!(seen[0].is_some() && seen[0] != seen[1] && seen[1] == seen[2] && seen[2] == seen[3]);
    assert_eq!(stand.scopes(), ["https://graph.microsoft.com/.default"; 2]);
    stand.end();
}

#[cfg(unix)]
#[tokio::test]
async fn a_web_service_answers_and_shuts_down_when_it_is_asked_to() {
    let stand = Stand::start().await;
    let value = stand.guard.secret("vault secret");
    stand.has_secret("db-password", value.expose());
    let missing = Fault::on_any().path("/secrets/nothing/").status(404);
    stand.emulator.fault(missing);

    let mut child = stand
        .example("web_service", "")
        .env("AZURE_KEYVAULT_URL", format!("https://{VAULT}"))
        .env("LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap();

    for (name, answer) in [
        ("db-password", "HTTP/1.1 200 OK"),
        ("db-password", "HTTP/1.1 200 OK"),
        ("nothing", "HTTP/1.1 404 Not Found"),
    ] {
        let page = get(address, &format!("/secrets/{name}"));
        assert!(page.starts_with(answer), "{page}");
        stand.guard.check_text("page", &page);
    }
    assert_eq!(stand.scopes(), ["https://vault.azure.net/.default"]);

    let mut kill = Command::new("kill");
    kill.arg("-TERM").arg(child.id().to_string());
    assert!(kill.status().unwrap().success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "closed\n");
    assert_eq!(stand.printed(child.wait_with_output().unwrap()), "");
    stand.end();
}

#[cfg(unix)]
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}
