//! `e2e msal-cache`: Python's azure-identity and msal, from their own packages, share one cache file with us.

use std::path::PathBuf;

use super::{Emulator, Program, python, script};
use crate::error::Result;
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::{self, Workspace};

const FOLDER: &str = "tests/e2e/msal-cache";
/// The example that keeps a cache as it is told.
const DRIVER: &str = "cache_driver";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

pub(crate) fn check() -> Result {
    let root = workspace::root();
    let folder = root.join(FOLDER);
    let plain = python::packages()?;
    let requirements = tools::requirements(&folder.join("requirements.txt"))?;
    let locker = tools::python_packages("msal-cache-e2e", &requirements)?;
    let driver = driver(&[])?;
    let program = Program::build(&[])?;
    let emulator = Emulator::start(&program, &root.join(super::PYTHON_FOLDER).join("seed.json"))?;
    // msal's extensions choose how they lock by what is installed beside them.
    for (packages, locks) in [(vec![plain.clone()], "without"), (vec![plain, locker], "with")] {
        script(&folder.join("turns.py"), &packages, &emulator)?
            .arg(locks)
            .arg(&driver)
            .run()?;
        script(&folder.join("sign_ins.py"), &packages, &emulator)?.run()?;
    }
    println!("e2e msal-cache: passed");
    Ok(())
}

/// Builds the example with these features, and says where it is.
pub(super) fn driver(features: &[&str]) -> Result<PathBuf> {
    Cmd::cargo()
        .args(["build", "--quiet", "--locked", "--package", "identity-cache"])
        .args(["--example", DRIVER, "--features"])
        .arg(features.join(","))
        .run()?;
    let name = format!("{DRIVER}{}", std::env::consts::EXE_SUFFIX);
    Ok(Workspace::load()?
        .target_dir
        .join("debug")
        .join("examples")
        .join(name))
}
