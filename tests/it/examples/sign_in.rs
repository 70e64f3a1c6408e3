//! A program that a person signs in to, by a browser that is a script.

#![cfg(unix)]

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use entra_identity::seam::BrowserOpener as _;
use identity_emulator::{Route, SignIn, User};
use identity_testkit::leak_guard;
use tokio::task::{JoinHandle, spawn_blocking};

use super::stand::{ADA, Stand};
use crate::support::{TENANT, write};

/// A browser that writes the address that it is opened with into a pipe.
struct Browser {
    pipe: PathBuf,
    script: PathBuf,
}

impl Browser {
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests start the programs that they test"
    )]
    fn new(stand: &Stand) -> Self {
        let (pipe, script) = (stand.path("opened"), stand.path("browser"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        write(
            &script,
            format!("#!/bin/sh\nprintf '%s' \"$1\" > '{}'\n", pipe.display()),
        );
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { pipe, script }
    }

    /// Starts the program and waits until it opens the browser or ends: the address, empty if it ended, and the run.
    async fn run(&self, mut program: Command) -> (String, Running) {
        let program = program
            .env("BROWSER", &self.script)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = program.spawn().unwrap();
        let id = child.id();
        let pipe = self.pipe.clone();
        let output = spawn_blocking(move || {
            let output = child.wait_with_output();
            // A program that ends without a browser leaves nobody waiting for one.
            drop(OpenOptions::new().read(true).write(true).open(pipe));
            output
        });
        let opened = read(&self.pipe).await;
        (opened, Running { id, output })
    }
}

#[expect(clippy::disallowed_methods, reason = "waits until the browser is opened")]
async fn read(pipe: &Path) -> String {
    let pipe = pipe.to_owned();
    spawn_blocking(|| std::fs::read_to_string(pipe))
        .await
        .unwrap()
        .unwrap()
}

struct Running {
    id: u32,
    output: JoinHandle<io::Result<Output>>,
}

impl Running {
    async fn end(self) -> Output {
        self.output.await.unwrap().unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "a person who gives up")]
    fn interrupt(&self) {
        let mut kill = Command::new("kill");
        assert!(kill.arg(self.id.to_string()).status().unwrap().success());
    }
}

#[test]
fn a_person_signs_in_once() {
    leak_guard::run(async |guard| {
        let stand = Stand::start(&guard).await;
        let browser = Browser::new(&stand);
        let program = || {
            let mut command = stand.example(env!("CARGO_BIN_EXE_example_interactive_sign_in"));
            command.env("AZURE_TENANT_ID", TENANT);
            command
        };

        stand.emulator.script(SignIn::of(User::new(ADA)));
        let (opened, running) = browser.run(program()).await;
        if opened.starts_with("https://login.microsoftonline.com/") {
            stand.emulator.browser().open(&opened).await.unwrap();
        }
        let first = stand.finished(&running.end().await);
        assert_eq!(
            first.lines(),
            [
                "signed in as ada@contoso.test",
                "got a Bearer token for Microsoft Graph"
            ]
        );

        // The second run has the record and the cache, and needs neither browser nor network.
        let mut offline = program();
        offline.env("HTTPS_PROXY", "http://127.0.0.1:1");
        let (opened, running) = browser.run(offline).await;
        if !opened.is_empty() {
            running.interrupt();
        }
        let second = stand.finished(&running.end().await);
        assert_eq!(
            second.lines(),
            [
                "welcome back, ada@contoso.test",
                "got a Bearer token for Microsoft Graph"
            ]
        );
        let requests = stand.emulator.requests();
        requests.clone().route(Route::Authorize).exactly(1);
        requests.token().exactly(1);
    });
}
