//! `adapters`: the crates that plug the credentials into other ecosystems.
//!
//! They are a workspace with a lock file of its own, so that the trees they bring stay out of ours.

use std::path::Path;

use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::test::{KEY_FILE_VARIABLE, key_file};
use crate::workspace::{self, Workspace};

pub(crate) const MANIFEST: &str = "crates/adapters/Cargo.toml";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Formatting, lints, tests and examples.
pub(crate) fn check() -> Result {
    if !workspace::root().join(MANIFEST).is_file() {
        return Err(Error::new(format!("there is no {MANIFEST}")));
    }
    let target = Workspace::load()?.target_dir;
    let all = |command: &str| cargo(command, &target).args(["--workspace", "--all-features"]);
    // Not `--all`: that would be the crates outside of this workspace too.
    Cmd::cargo()
        .args(["fmt", "--check", "--manifest-path", MANIFEST])
        .run()?;
    all("clippy")
        .args(["--all-targets", "--", "-D", "warnings"])
        .run()?;
    // Also builds the examples.
    all("test").env(KEY_FILE_VARIABLE, key_file(&target)?).run()
}

/// A cargo command in the adapters' workspace, whose results are in a folder beside ours.
pub(crate) fn cargo(command: &str, target_dir: &Path) -> Cmd {
    Cmd::cargo()
        .args([command, "--locked", "--manifest-path", MANIFEST, "--target-dir"])
        .arg(target_dir.join("adapters"))
}
