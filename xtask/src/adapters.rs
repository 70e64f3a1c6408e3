//! `adapters`: the crates that plug the credentials into other ecosystems.
//!
//! They are a workspace with a lock file of its own, so that the trees they bring stay out of ours.

use std::path::Path;

use serde_json::Value;

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::test::{KEY_FILE_VARIABLE, key_file};
use crate::tools;
use crate::workspace::{self, Workspace};

pub(crate) const MANIFEST: &str = "crates/adapters/Cargo.toml";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Formatting, licences, lints, documentation, tests and examples.
pub(crate) fn check() -> Result {
    if !workspace::root().join(MANIFEST).is_file() {
        return Err(Error::new(format!("there is no {MANIFEST}")));
    }
    let target = Workspace::load()?.target_dir;
    let all = |command: &str| cargo(command, &target).args(["--workspace", "--all-features"]);
    Cmd::cargo()
        .args(["fmt", "--check", "--manifest-path", MANIFEST])
        .args(members()?.into_iter().map(|name| format!("--package={name}")))
        .run()?;
    // By the rules of our own dependencies. Which crates are banned is another matter here: these bring what ours may not.
    Cmd::new(tools::cargo_deny()?)
        .args(["--manifest-path", MANIFEST, "--all-features", "--locked"])
        .args(["--config", "deny.toml", "check", "--hide-inclusion-graph"])
        .args(["licenses", "sources"])
        .run()?;
    all("clippy")
        .args(["--all-targets", "--", "-D", "warnings"])
        .run()?;
    all("doc")
        .arg("--no-deps")
        .env("RUSTDOCFLAGS", "--deny warnings")
        .run()?;
    // Also builds the examples.
    all("test").env(KEY_FILE_VARIABLE, key_file(&target)?).run()
}

/// The names of the workspace's packages. `cargo fmt --all` would take those outside of it too that they depend on.
fn members() -> Result<Vec<String>> {
    let text = Cmd::cargo()
        .args([
            "metadata",
            "--no-deps",
            "--format-version=1",
            "--manifest-path",
            MANIFEST,
        ])
        .output()?;
    let metadata: Value =
        serde_json::from_str(&text).context(|| "cargo metadata printed no JSON".to_owned())?;
    let names: Vec<_> = metadata
        .get("packages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|package| Some(package.get("name")?.as_str()?.to_owned()))
        .collect();
    if names.is_empty() {
        return Err(Error::new(format!("{MANIFEST} has no packages")));
    }
    Ok(names)
}

/// A cargo command in the adapters' workspace, whose results are in a folder beside ours.
pub(crate) fn cargo(command: &str, target_dir: &Path) -> Cmd {
    Cmd::cargo()
        .args([command, "--locked", "--manifest-path", MANIFEST, "--target-dir"])
        .arg(target_dir.join("adapters"))
}
