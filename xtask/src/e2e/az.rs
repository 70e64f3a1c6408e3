//! `e2e az`: the real Azure CLI, signed in to our emulator as a custom cloud, under `AzureCliCredential`: one of today, and one from before 2.54, which says
//! less about a token.
//!
//! They are large (733 MB and, with its bytecode, 1.4 GB, one to three minutes each to install), so this is not part of `ci`.

use std::path::Path;

use serde_json::Value;

use super::{Emulator, Program, debian, script_of};
use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::{tools, workspace};

const FOLDER: &str = "tests/e2e/az";
/// Where Debian's package puts the old one. The one of today is in a Python environment of its own.
const OLD: &str = "/usr/bin/az";
/// The version since which it prints the end of a token in seconds too.
const NOT_OLD: (u32, u32) = (2, 54);

pub(crate) fn run(args: lexopt::Parser) -> Result {
    // What is left names single tests, as `AzureCli.test_secret`.
    let tests = crate::rest(args)?;
    let folder = workspace::root().join(FOLDER);
    let requirements = tools::requirements(&folder.join("requirements.txt"))?;
    let python = tools::python_environment("azure-cli", &requirements)?;
    let program = Program::build(&[])?;
    need_old(&program.scratch.join("az"))?;
    let emulator = Emulator::start(&program, &folder.join("seed.json"))?;
    script_of(python.as_os_str(), &folder.join("azure_cli.py"), &[], &emulator)?
        .args(tests)
        .env("ENTRA_OLD_AZURE_CLI", OLD)
        .run()?;
    println!("e2e az: passed");
    Ok(())
}

/// Installs the old Azure CLI if there is none. One that is newer is left alone. `config` is a folder for what it writes.
fn need_old(config: &Path) -> Result {
    if !Path::new(OLD).is_file() {
        debian::install(&["azure-cli"])?;
    }
    let versions = Cmd::new(OLD)
        .args(["version", "--output", "json"])
        .env("AZURE_CONFIG_DIR", config)
        .env("AZURE_CORE_COLLECT_TELEMETRY", "0")
        // It looks for a newer version when its folder is new, and goes on without: nobody listens there.
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .output()?;
    if is_old(&versions)? {
        Ok(())
    } else {
        Err(Error::new(format!(
            "{OLD} is no Azure CLI from before {}.{}, as Debian 12 has it",
            NOT_OLD.0, NOT_OLD.1
        )))
    }
}

/// Whether this, what `az version` prints, is of an old one.
fn is_old(versions: &str) -> Result<bool> {
    let document: Value = serde_json::from_str(versions)
        .context(|| format!("`az version` printed no JSON but `{versions}`"))?;
    let version = document
        .get("azure-cli")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor) < NOT_OLD),
        _ => Err(Error::new(format!(
            "`az version` tells no version in `{versions}`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let is_old = |version: &str| is_old(&format!(r#"{{"azure-cli": "{version}", "extensions": {{}}}}"#));
        for (version, expected) in [
            ("2.45.0", true),
            ("2.9.1", true),
            ("2.54.0", false),
            ("2.100.0", false),
            ("3.0.0", false),
        ] {
            assert_eq!(is_old(version).unwrap(), expected, "{version}");
        }
        assert!(is_old("new").is_err());
        assert!(super::is_old("{}").is_err());
        assert!(super::is_old("nothing").is_err());
    }
}
