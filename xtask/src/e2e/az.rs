//! `e2e az`: the real Azure CLI, signed in to our emulator as a custom cloud, under `AzureCliCredential`.
//!
//! It is large (733 MB, two minutes to install), so it is not part of `ci`.

use super::{Emulator, Program};
use crate::error::Result;
use crate::shell::Cmd;
use crate::{tools, workspace};

const FOLDER: &str = "tests/e2e/az";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    // What is left names single tests, as `AzureCli.test_secret`.
    let tests = crate::rest(args)?;
    let folder = workspace::root().join(FOLDER);
    let requirements = tools::requirements(&folder.join("requirements.txt"))?;
    let python = tools::python_environment("azure-cli", &requirements)?;
    let program = Program::build(&[])?;
    let emulator = Emulator::start(&program, &folder.join("seed.json"))?;
    Cmd::new(python)
        // Nothing written beside the sources.
        .args(["-s", "-B"])
        .arg(folder.join("azure_cli.py"))
        .args(tests)
        .env("ENTRA_EMULATOR", &emulator.description)
        .env("ENTRA_PROGRAM", &program.path)
        .run()?;
    println!("e2e az: passed");
    Ok(())
}
