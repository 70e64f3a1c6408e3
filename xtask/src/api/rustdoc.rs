//! Rustdoc's description of a crate as JSON, from the stable toolchain.
//!
//! The format is unstable, so rustdoc must be told that it may. Setting `RUSTC_BOOTSTRAP` for cargo would make build
//! scripts run again and half of all dependencies with them; so cargo is given this program as its rustdoc, which sets
//! the variable for the real one alone.

use std::fs;
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Holds the real rustdoc when cargo runs this program in its place.
const WRAPPED: &str = "XTASK_RUSTDOC";

/// The version of the format that is read here, which Rust 1.95 writes. Names and shapes may differ in others.
const FORMAT: u64 = 57;

/// Acts as rustdoc, if cargo started us as that.
pub(crate) fn as_wrapper() -> Option<ExitCode> {
    let rustdoc = std::env::var_os(WRAPPED)?;
    let status = Command::new(rustdoc)
        .args(std::env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    let code = status
        .ok()
        .and_then(|status| status.code())
        .and_then(|code| u8::try_from(code).ok());
    Some(ExitCode::from(code.unwrap_or(1)))
}

/// Describes the library `library` of `package` with all its features.
pub(super) fn json(workspace: &Workspace, package: &str, library: &str) -> Result<Value> {
    let this = std::env::current_exe().context(|| "cannot find this program".to_owned())?;
    Cmd::cargo()
        .args([
            "rustdoc",
            "--quiet",
            "--locked",
            "--lib",
            "--all-features",
            "--package",
            package,
        ])
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTDOC", this)
        .env(
            WRAPPED,
            std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into()),
        )
        .run()?;
    let path = workspace.target_dir.join("doc").join(format!("{library}.json"));
    let text = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
    let value: Value = serde_json::from_str(&text).context(|| format!("cannot parse {}", path.display()))?;
    match value.get("format_version").and_then(Value::as_u64) {
        Some(FORMAT) => Ok(value),
        other => Err(Error::new(format!(
            "this rustdoc writes format {}, {FORMAT} is read here (Rust 1.95): see xtask/src/api/rustdoc.rs",
            other.map_or_else(|| "unknown".to_owned(), |version| version.to_string())
        ))),
    }
}
