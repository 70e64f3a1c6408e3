//! `bench`: the benchmarks beside the peers.
//!
//! They are a package with a lock file of its own, so that what they compare us with stays out of ours.

use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::test::{KEY_FILE_VARIABLE, key_file};
use crate::workspace::{self, Workspace};

pub(crate) const MANIFEST: &str = "tests/bench/Cargo.toml";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    let args = crate::rest(args)?;
    if !workspace::root().join(MANIFEST).is_file() {
        return Err(Error::new(format!("there is no {MANIFEST}")));
    }
    let target = Workspace::load()?.target_dir;
    Cmd::cargo()
        .args([
            "run",
            "--release",
            "--locked",
            "--manifest-path",
            MANIFEST,
            "--target-dir",
        ])
        .arg(target.join("bench"))
        .arg("--")
        .args(args)
        .env(KEY_FILE_VARIABLE, key_file(&target)?)
        .run()
}
