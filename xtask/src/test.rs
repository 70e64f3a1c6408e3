//! `test`: all tests of all packages, and the examples in the documentation.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::e2e::debian::{self, Wanted};
use crate::error::{Context as _, Result};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// The file in which the emulator keeps its signing key between runs: making an RSA key takes longer than most tests.
pub(crate) const KEY_FILE_VARIABLE: &str = "IDENTITY_EMULATOR_KEY_FILE";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    all(&crate::rest(args)?)
}

/// Programs that tests start, with Debian's packages. The key files that have to be read are made by the real `openssl`.
pub(crate) const PROGRAMS: [Wanted; 1] = [("openssl", "openssl")];

/// Runs everything, with `extra` arguments for the test runner.
pub(crate) fn all(extra: &[OsString]) -> Result {
    debian::need(&PROGRAMS)?;
    let workspace = Workspace::load()?;
    let key = key_file(&workspace.target_dir)?;
    let runner = if Cmd::cargo().args(["nextest", "--version"]).succeeds() {
        Cmd::cargo()
            .args(["nextest", "run", "--workspace", "--locked"])
            .args(extra)
    } else {
        // Library and program tests alone: the documentation's examples follow below in any case.
        Cmd::cargo()
            .args([
                "test",
                "--workspace",
                "--locked",
                "--all-targets",
                "--no-fail-fast",
            ])
            .args(extra)
    };
    runner.env(KEY_FILE_VARIABLE, &key).run()?;
    if extra.is_empty() {
        Cmd::cargo()
            .args(["test", "--workspace", "--locked", "--doc"])
            .env(KEY_FILE_VARIABLE, &key)
            .run()?;
    }
    Ok(())
}

/// The path for [`KEY_FILE_VARIABLE`] under the target folder, which exists afterwards.
pub(crate) fn key_file(target_dir: &Path) -> Result<OsString> {
    let dir = target_dir.join("emulator");
    fs::create_dir_all(&dir).context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir.join("signing-key.pem").into_os_string())
}
