//! `e2e python`: Python's azure-identity and msal, from their own packages, get tokens from our emulator over TLS.

use std::fs;
use std::path::PathBuf;

use super::{Emulator, PYTHON_FOLDER as FOLDER, Program};
use crate::error::{Context as _, Error, Result};
use crate::{tools, workspace};

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Runs every script in the folder, each against an emulator of its own.
pub(crate) fn check() -> Result {
    let folder = workspace::root().join(FOLDER);
    let packages = [packages()?];
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
    let program = Program::build(&[])?;
    for script in &scripts {
        let emulator = Emulator::start(&program, &folder.join("seed.json"))?;
        super::script(script, &packages, &emulator)?.run()?;
    }
    println!("e2e python: {} scripts passed", scripts.len());
    Ok(())
}

/// The folder with Python's libraries for Entra.
pub(super) fn packages() -> Result<PathBuf> {
    tools::python_packages("python-e2e", &requirements()?)
}

/// The list of Python's libraries for Entra.
pub(super) fn requirements() -> Result<String> {
    tools::requirements(&workspace::root().join(FOLDER).join("requirements.txt"))
}
