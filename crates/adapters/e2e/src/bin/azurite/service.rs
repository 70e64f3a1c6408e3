//! Azurite as a child process: its start, and what it says about the requests that it judged.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use adapter_testkit::ServerCertificate;
use tempfile::TempDir;

use crate::Result;

/// The account that it always has.
pub(crate) const ACCOUNT: &str = "devstoreaccount1";
/// How long it may take until it listens.
const START: Duration = Duration::from_secs(60);
/// How long it may take until a request is in its log, and how often it is looked for.
const LOGGED: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Its words for a token that passed all its checks.
const ACCEPTED: &str = "Validation against token authentication successfully";

/// The running service: blobs alone, in memory, over TLS, with OAuth.
pub(crate) struct Azurite {
    process: Child,
    certificate: ServerCertificate,
    url: String,
    log: PathBuf,
    /// Holds its files for as long as it runs.
    _folder: TempDir,
}

impl Azurite {
    pub(crate) fn start(node: &Path, modules: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let certificate = ServerCertificate::generate();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("certificate.pem"), certificate.certificate_pem())?;
        std::fs::write(path("key.pem"), certificate.key_pem())?;
        let script = modules.join("azurite/dist/src/blob/main.js");
        let mut process = std::process::Command::new(node)
            .arg("--no-warnings")
            .arg(script)
            .args(["--oauth", "basic", "--blobHost", "127.0.0.1", "--blobPort", "0"])
            .args(["--cert", "certificate.pem", "--key", "key.pem"])
            .args(["--inMemoryPersistence", "--disableTelemetry"])
            // The clients are newer than it is.
            .arg("--skipApiVersionCheck")
            .args(["--debug", "debug.log"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take();
        let mut service = Self {
            process,
            certificate,
            url: String::new(),
            log: path("debug.log"),
            _folder: folder,
        };
        let (sender, receiver) = mpsc::channel();
        let output = BufReader::new(output.ok_or("Azurite has no pipe")?);
        // Reads to the end, so that Azurite never waits for a reader.
        std::thread::spawn(move || {
            for line in output.lines().map_while(std::io::Result::ok) {
                sender.send(line).ok();
            }
        });
        service.url = loop {
            let line = receiver
                .recv_timeout(START)
                .map_err(|_| "Azurite did not say where it listens")?;
            if let Some((_, url)) = line.split_once("successfully listens on ") {
                break format!("{}/{ACCOUNT}", url.trim());
            }
        };
        Ok(service)
    }

    /// The account's URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What clients have to trust, as PEM.
    pub(crate) fn ca_pem(&self) -> &str {
        self.certificate.authority_pem()
    }

    /// What it has logged so far. It writes the log beside its answers, so what was just answered may be missing.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.log)?).into_owned())
    }

    /// Whether `text` is, or comes to be, in the log after its first `before` bytes.
    pub(crate) async fn comes_to_log(&self, before: usize, text: &str) -> Result<bool> {
        let has = |log: &str| log.get(before..).is_some_and(|since| since.contains(text));
        Ok(has(&self.log_until(|log| has(log)).await?))
    }

    /// How many requests came with a token that it verified and took: `wanted` of them, unless there are more, or not enough come to the log.
    pub(crate) async fn accepted(&self, wanted: usize) -> Result<usize> {
        let count = |log: &str| log.matches(ACCEPTED).count();
        let log = self.log_until(|log| count(log) >= wanted).await?;
        Ok(count(&log))
    }

    async fn log_until(&self, enough: impl Fn(&str) -> bool) -> Result<String> {
        let patience = Instant::now() + LOGGED;
        loop {
            let log = self.log()?;
            if enough(&log) || Instant::now() > patience {
                return Ok(log);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
