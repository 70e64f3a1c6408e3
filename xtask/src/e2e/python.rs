//! `e2e python`: Python's azure-identity and msal, from their own packages, get tokens from our emulator over TLS.

use std::fs;

use super::Emulator;
use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::{tools, workspace};

const FOLDER: &str = "tests/e2e/python";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Runs every script in the folder, each against an emulator of its own.
pub(crate) fn check() -> Result {
    let folder = workspace::root().join(FOLDER);
    let requirements = tools::requirements(&folder.join("requirements.txt"))?;
    let packages = tools::python_packages("python-e2e", &requirements)?;
    let mut scripts = Vec::new();
    for entry in fs::read_dir(&folder).context(|| format!("cannot read {}", folder.display()))? {
        let path = entry
            .context(|| format!("cannot read {}", folder.display()))?
            .path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        // A name that begins with `_` is a module that the scripts share.
        if name.ends_with(".py") && !name.starts_with('_') {
            scripts.push(path);
        }
    }
    scripts.sort();
    if scripts.is_empty() {
        return Err(Error::new(format!("{FOLDER} holds no script")));
    }
    for script in &scripts {
        let emulator = Emulator::start(&folder.join("seed.json"))?;
        Cmd::new(tools::python()?)
            // Not from the user's own packages, and nothing written beside the sources.
            .args(["-s", "-B"])
            .arg(script)
            .env("PYTHONPATH", &packages)
            .env("NO_PROXY", "localhost,127.0.0.1")
            .env("ENTRA_EMULATOR", &emulator.description)
            .run()?;
    }
    println!("e2e python: {} scripts passed", scripts.len());
    Ok(())
}
