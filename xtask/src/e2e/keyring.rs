//! `e2e keyring`: a real Secret Service on a bus of its own, in which our programs keep their tokens.

use super::{Emulator, Program, debian, python, script};
use crate::error::Result;
use crate::{tools, workspace};

const FOLDER: &str = "tests/e2e/keyring";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    // What is left names single tests, as `Keyring.test_locked`.
    let tests = crate::rest(args)?;
    debian::need(&[
        ("dbus-daemon", "dbus"),
        ("gnome-keyring-daemon", "gnome-keyring"),
        ("secret-tool", "libsecret-tools"),
    ])?;
    let root = workspace::root();
    let folder = root.join(FOLDER);
    let requirements = tools::requirements(&folder.join("requirements.txt"))?;
    let packages = [
        python::packages()?,
        tools::python_packages("keyring-e2e", &requirements)?,
    ];
    let seed = root.join(super::PYTHON_FOLDER).join("seed.json");
    let program = Program::build(&["keyring"])?;
    let emulator = Emulator::start(&program, &seed)?;
    script(&folder.join("keyring.py"), &packages, &emulator)?
        .args(tests)
        .run()?;
    println!("e2e keyring: passed");
    Ok(())
}
