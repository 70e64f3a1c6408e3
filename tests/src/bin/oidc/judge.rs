//! The provider as a child process: its start, its clients, and the questions that it answers.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use entra_identity::{Authority, ClientCertificate, ClientOptions};
use identity_emulator::TestCertificate;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Result;

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const STORAGE: &str = "https://storage.azure.com/.default";
pub(crate) const VAULT: &str = "https://vault.azure.net/.default";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:51234/";
pub(crate) const SECRET: &str = "s3cret&=%+/~";
/// A client that proves itself by a certificate.
pub(crate) const CERTIFICATE_CLIENT: &str = "44444444-4444-4444-4444-444444444444";
/// A client that proves itself by [`SECRET`].
pub(crate) const SECRET_CLIENT: &str = "44444444-4444-4444-4444-000000000002";
/// A client of users, without a credential.
pub(crate) const PUBLIC_CLIENT: &str = "44444444-4444-4444-4444-000000000003";
/// A client of users with [`SECRET`].
pub(crate) const WEB_CLIENT: &str = "44444444-4444-4444-4444-000000000004";

/// The running provider.
pub(crate) struct Judge {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    tls_certificate: String,
    port: u64,
    /// What [`CERTIFICATE_CLIENT`] has registered.
    pub(crate) certificate: TestCertificate,
    /// Holds the provider's configuration for as long as it runs.
    _folder: TempDir,
}

impl Judge {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program of the test's own, and its file"
    )]
    pub(crate) fn start(node: &Path, script: &Path, modules: &Path) -> Result<Self> {
        let tls = TestCertificate::generate("provider")?;
        let certificate = TestCertificate::generate("client")?;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("provider.json");
        let configuration = json!({
            "modules": modules,
            "tenant": TENANT,
            "scopes": [STORAGE, VAULT],
            "redirect_uris": [REDIRECT, "http://localhost"],
            "tls": {"key": tls.key_pem(), "cert": tls.certificate_pem()},
            "clients": {
                "certificate": {"id": CERTIFICATE_CLIENT, "pem": certificate.certificate_pem()},
                "secret": {"id": SECRET_CLIENT, "secret": SECRET},
                "public": {"id": PUBLIC_CLIENT},
                "web": {"id": WEB_CLIENT, "secret": SECRET},
            },
        });
        std::fs::write(&path, configuration.to_string())?;
        let mut process = std::process::Command::new(node)
            .arg("--no-warnings")
            .arg(script)
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the provider has no pipes".into());
        };
        let mut judge = Self {
            process,
            input,
            output: BufReader::new(output),
            tls_certificate: tls.certificate_pem().to_owned(),
            port: 0,
            certificate,
            _folder: folder,
        };
        judge.port = judge
            .line()?
            .get("port")
            .and_then(Value::as_u64)
            .ok_or("the provider named no port")?;
        Ok(judge)
    }

    /// Options that point a credential at the provider.
    pub(crate) fn options(&self) -> Result<ClientOptions> {
        let authority = Authority::parse(&format!("https://localhost:{}", self.port))?;
        Ok(ClientOptions::new()
            .with_authority(authority)
            .with_disable_instance_discovery(true)
            .with_extra_roots(self.tls_certificate.clone().into_bytes()))
    }

    /// The certificate that the provider knows, with its key.
    pub(crate) fn client_certificate(&self) -> Result<ClientCertificate> {
        Ok(ClientCertificate::from_bytes(
            self.certificate.pem().as_bytes(),
            None,
        )?)
    }

    /// Signs a user in and returns the code of the redirect.
    pub(crate) fn sign_in(&mut self, client: &str, challenge: &str) -> Result<String> {
        let scope = format!("openid offline_access {STORAGE} {VAULT}");
        let request =
            json!({"client": client, "challenge": challenge, "redirect_uri": REDIRECT, "scope": scope});
        let answer = self.ask(&json!({"sign_in": request}))?;
        match answer.get("code").and_then(Value::as_str) {
            Some(code) => Ok(code.to_owned()),
            None => Err(format!("the sign-in failed: {answer}").into()),
        }
    }

    /// Opens an address as a person who signs in and consents at once, with other parameters where `change` says so. What the program's page was called
    /// that the answer was posted to.
    pub(crate) fn browse(&mut self, url: &str, change: &Value) -> Result<String> {
        let answer = self.ask(&json!({"browse": {"url": url, "change": change}}))?;
        match answer.get("title").and_then(Value::as_str) {
            Some(title) => Ok(title.to_owned()),
            None => Err(format!("nothing was shown: {answer}").into()),
        }
    }

    /// Types a device's code in, and lets it sign in or not.
    pub(crate) fn approve(&mut self, uri: &str, user_code: &str, decline: bool) -> Result<()> {
        let request = json!({"uri": uri, "user_code": user_code, "decline": decline});
        let answer = self.ask(&json!({"approve": request}))?;
        match answer.get("status").and_then(Value::as_u64) {
            Some(200) => Ok(()),
            _ => Err(format!("the code was not taken: {answer}").into()),
        }
    }

    /// As [`events`](Self::events), as soon as the provider refused something with `error`.
    pub(crate) fn wait_for_refusal(&mut self, error: &str) -> Result<Vec<Value>> {
        self.events_of(&json!({"wait": error}))
    }

    /// What the provider granted and refused since it was last asked.
    pub(crate) fn events(&mut self) -> Result<Vec<Value>> {
        self.events_of(&json!({"events": true}))
    }

    fn events_of(&mut self, request: &Value) -> Result<Vec<Value>> {
        let mut answer = self.ask(request)?;
        match answer.get_mut("events").map(Value::take) {
            Some(Value::Array(events)) => Ok(events),
            _ => Err("the provider told no events".into()),
        }
    }

    fn ask(&mut self, request: &Value) -> Result<Value> {
        writeln!(self.input, "{request}")?;
        self.input.flush()?;
        self.line()
    }

    fn line(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("the provider ended".into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
