//! `soak`: full rate on all flows against the emulator with random faults, and what has to hold all the while.
//!
//! The program is `soak` in `tests`; this is the door to it. It is built as tests are: the development profile reaches the rate, and another one would
//! build everything once more.

use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::test::{KEY_FILE_VARIABLE, key_file};
use crate::workspace::Workspace;

pub(crate) fn run(args: lexopt::Parser) -> Result {
    let args = crate::rest(args)?;
    let workspace = Workspace::load()?;
    let package = "integration-tests";
    if !workspace
        .package(package)
        .is_some_and(|package| package.has_program("soak"))
    {
        return Err(Error::new(format!("{package} has no program `soak`")));
    }
    let command = [
        "run",
        "--locked",
        "--quiet",
        "--package",
        package,
        "--bin",
        "soak",
        "--",
    ];
    Cmd::cargo()
        .args(command)
        .args(args)
        .env(KEY_FILE_VARIABLE, key_file(&workspace.target_dir)?)
        // glibc makes up to eight heaps a core, and each of them fills for a while: that isn't what is measured.
        .env("MALLOC_ARENA_MAX", "2")
        .run()
}
