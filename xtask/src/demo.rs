//! `demo`: the emulator, a token with each credential, and a table of what happened.
//!
//! The program is `demo` in `tests`; this is the door to it, so that this package stays small.

use std::ffi::OsString;

use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::test::{KEY_FILE_VARIABLE, key_file};
use crate::workspace::Workspace;

pub(crate) fn run(args: lexopt::Parser) -> Result {
    start(&crate::rest(args)?)
}

/// Runs the demonstration, which fails when a promise is not kept.
pub(crate) fn start(args: &[OsString]) -> Result {
    let workspace = Workspace::load()?;
    let package = "integration-tests";
    if !workspace
        .package(package)
        .is_some_and(|package| package.has_program("demo"))
    {
        return Err(Error::new(format!("{package} has no program `demo`")));
    }
    Cmd::cargo()
        .args([
            "run",
            "--locked",
            "--quiet",
            "--package",
            package,
            "--bin",
            "demo",
            "--",
        ])
        .args(args)
        .env(KEY_FILE_VARIABLE, key_file(&workspace.target_dir)?)
        .run()
}
