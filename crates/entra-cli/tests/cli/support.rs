//! What the tests share: the program as a child process, in an environment of its own.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use identity_emulator::{Builder, Emulator};

/// A secret that must never be seen.
pub(crate) const CANARY: &str = "CNRY-cli-7f3a";

/// The program, with nothing in its environment and nobody at its standard input.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests start the program that they test"
)]
pub(crate) fn entra() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entra"));
    command.env_clear().stdin(Stdio::null());
    // Windows programs can't use the network without it.
    #[expect(clippy::disallowed_methods, reason = "handed on to the child, not used")]
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    command
}

/// What a run left: exit code and both streams.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// The failure as JSON, from a run with `--json`.
    pub(crate) fn failure(&self) -> serde_json::Value {
        serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs `entra` with these arguments.
pub(crate) fn run(arguments: &[&str]) -> Run {
    entra().args(arguments).output().unwrap().into()
}

/// An emulator and the file with its certificate.
#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) emulator: Emulator,
    ca: tempfile::NamedTempFile,
}

impl Stand {
    pub(crate) fn start() -> Self {
        Self::with(|builder| builder)
    }

    /// One that knows what `seed` adds.
    pub(crate) fn with(seed: impl FnOnce(Builder) -> Builder) -> Self {
        let mut builder = seed(Emulator::builder());
        #[expect(clippy::disallowed_methods, reason = "where the test door keeps the key")]
        if let Some(path) = std::env::var_os("IDENTITY_EMULATOR_KEY_FILE") {
            builder = builder.signing_key_file(path);
        }
        let emulator = builder.start_blocking().unwrap();
        let mut ca = tempfile::NamedTempFile::new().unwrap();
        ca.write_all(emulator.ca_pem().as_bytes()).unwrap();
        Self { emulator, ca }
    }

    pub(crate) fn ca_file(&self) -> &str {
        self.ca.path().to_str().unwrap()
    }

    /// `entra token` for Graph, set up for the emulator's application, with further arguments.
    pub(crate) fn token(&self, arguments: &[&str]) -> Command {
        let mut command = entra();
        command
            .args([
                "token",
                "https://graph.microsoft.com/.default",
                "--trust-authority",
            ])
            .args(["--ca-file", self.ca_file()])
            .args(arguments)
            .envs(self.emulator.environment());
        command
    }
}
