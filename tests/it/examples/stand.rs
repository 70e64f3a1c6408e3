//! What a run of an example needs: the emulator, its certificate, the proxy, a home directory, and the environment made of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::str;

use identity_emulator::{App, Emulator, Host, ManagedIdentity, Tenant, User};
use identity_testkit::{LeakGuard, TunnelProxy};

use crate::support::{CLIENT, TENANT, visible, write};

/// The person who signs in.
pub(super) const ADA: &str = "ada@contoso.test";
/// The host of the public cloud that issues tokens.
pub(super) const ENTRA: &str = "login.microsoftonline.com:443";

pub(super) struct Stand {
    pub(super) emulator: Emulator,
    pub(super) proxy: TunnelProxy,
    guard: LeakGuard,
    secret: String,
    folder: tempfile::TempDir,
}

impl Stand {
    pub(super) async fn start(guard: &LeakGuard) -> Self {
        let secret = guard.secret("client secret").expose().to_owned();
        let header = guard.secret("identity header").expose().to_owned();
        let host = Host::new()
            .identity_header(header)
            .identity(ManagedIdentity::system_assigned("own"))
            .identity(ManagedIdentity::user_assigned("user").client_id(CLIENT));
        let emulator = Emulator::builder()
            .signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
            .server_name("login.microsoftonline.com")
            .issuer_base("https://login.microsoftonline.com")
            .tenant(Tenant::new("recorded").id(TENANT))
            .app(App::confidential("daemon").id(CLIENT).secret(&secret))
            .user(User::new(ADA))
            .device_interval(1)
            .host(host)
            .start()
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("ca.pem"), emulator.ca_pem());
        Self {
            proxy: TunnelProxy::start(emulator.address()).unwrap(),
            emulator,
            guard: guard.clone(),
            secret,
            folder,
        }
    }

    /// A path in the folder that goes with the stand and is the program's home.
    pub(super) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program of an example, with an environment in which it reaches the emulator alone and finds no credential.
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests start the programs that they test"
    )]
    pub(super) fn example(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HTTPS_PROXY", self.proxy.url())
            .env("SSL_CERT_FILE", self.path("ca.pem"))
            .env("HOME", self.folder.path())
            // Where nobody listens: without it, the metadata service of the machine that the tests run on would be asked.
            .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// [`example`](Self::example) with the application's secret in the environment.
    pub(super) fn daemon(&self, program: &str) -> Command {
        let mut command = self.example(program);
        command
            .env("AZURE_TENANT_ID", TENANT)
            .env("AZURE_CLIENT_ID", CLIENT)
            .env("AZURE_CLIENT_SECRET", &self.secret);
        command
    }

    /// Runs it to its end.
    pub(super) fn run(&self, command: &mut Command) -> Run {
        self.finished(&command.output().unwrap())
    }

    /// Shows the guard everything that the run left.
    pub(super) fn finished(&self, output: &Output) -> Run {
        self.guard.check_output("example", &output.stdout, &output.stderr);
        self.guard.check_journal(&visible(&self.emulator.requests()));
        Run {
            succeeded: output.status.success(),
            stdout: str::from_utf8(&output.stdout).unwrap().to_owned(),
            stderr: str::from_utf8(&output.stderr).unwrap().to_owned(),
        }
    }
}

/// What a run left.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) succeeded: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Run {
    /// What it printed, if all went well.
    pub(super) fn lines(&self) -> Vec<&str> {
        assert!(self.succeeded && self.stderr.is_empty(), "{self:?}");
        self.stdout.lines().collect()
    }
}
