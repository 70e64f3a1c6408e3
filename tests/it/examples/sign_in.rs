//! A program that a person signs in to, by a browser that is a script.

#![cfg(unix)]

use std::fs::OpenOptions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use entra_identity::seam::BrowserOpener as _;
use identity_emulator::{Route, SignIn, User};
use identity_testkit::leak_guard;

use super::stand::{ADA, Stand};
use crate::support::{TENANT, write};

/// A pipe that the program's browser writes the page's address into, and the browser.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests start the programs that they test"
)]
fn browser(stand: &Stand) -> (std::path::PathBuf, std::path::PathBuf) {
    let (pipe, script) = (stand.path("opened"), stand.path("browser"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    write(
        &script,
        format!("#!/bin/sh\nprintf '%s' \"$1\" > '{}'\n", pipe.display()),
    );
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    (pipe, script)
}

#[test]
fn a_person_signs_in_once() {
    leak_guard::run_threads(2, async |guard| {
        let stand = Stand::start(&guard).await;
        let (pipe, script) = browser(&stand);
        let program = || {
            let mut command = stand.example(env!("CARGO_BIN_EXE_example_interactive_sign_in"));
            command
                .env("AZURE_TENANT_ID", TENANT)
                .env("BROWSER", &script)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command
        };

        stand.emulator.script(SignIn::of(User::new(ADA)));
        let child = program().spawn().unwrap();
        let end = pipe.clone();
        let run = tokio::task::spawn_blocking(move || {
            let output = child.wait_with_output();
            // A program that ends without a browser leaves nobody waiting for one.
            drop(OpenOptions::new().read(true).write(true).open(end));
            output
        });
        #[expect(clippy::disallowed_methods, reason = "waits until the browser is opened")]
        let opened = tokio::task::spawn_blocking(|| std::fs::read_to_string(pipe));
        let opened = opened.await.unwrap().unwrap();
        if opened.starts_with("https://login.microsoftonline.com/") {
            stand.emulator.browser().open(&opened).await.unwrap();
        }
        let run = stand.finished(&run.await.unwrap().unwrap());
        assert_eq!(
            run.lines(),
            [
                "signed in as ada@contoso.test",
                "got a Bearer token for Microsoft Graph"
            ]
        );

        // The second run has the record and the cache, and needs neither browser nor network.
        let asked = stand.emulator.requests().count();
        let run = stand.run(&mut program());
        assert_eq!(
            run.lines(),
            [
                "welcome back, ada@contoso.test",
                "got a Bearer token for Microsoft Graph"
            ]
        );
        let requests = stand.emulator.requests();
        requests.clone().route(Route::Authorize).exactly(1);
        assert_eq!(requests.token().count(), 1);
        assert!(asked > 0);
    });
}
