//! `e2e keyring`: a real Secret Service on a bus of its own, in which our programs and Python's libraries keep their tokens.

use std::ffi::OsStr;

use super::{Emulator, Program, debian, msal_cache, python, script_of};
use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::{tools, workspace};

const FOLDER: &str = "tests/e2e/keyring";
/// Debian's own interpreter, which has the modules for libsecret that MSAL's extensions use.
const PYTHON: &str = "/usr/bin/python3";
const HAS_LIBSECRET: &str =
    "import gi; gi.require_version('Secret', '1'); from gi.repository import Secret; import pip";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    check(&crate::rest(args)?)
}

/// Runs the tests of these names, as `Keyring.test_locked`, or all.
fn check(tests: &[std::ffi::OsString]) -> Result {
    debian::need(&[
        ("dbus-daemon", "dbus"),
        ("gnome-keyring-daemon", "gnome-keyring"),
        ("secret-tool", "libsecret-tools"),
    ])?;
    let has_libsecret = || Cmd::new(PYTHON).args(["-c", HAS_LIBSECRET]).succeeds();
    if !has_libsecret() {
        debian::install(&["python3", "python3-pip", "python3-gi", "gir1.2-secret-1"])?;
        if !has_libsecret() {
            return Err(Error::new(format!("{PYTHON} still can't use libsecret")));
        }
    }
    let interpreter = OsStr::new(PYTHON);
    let packages = [tools::python_packages_for(
        interpreter,
        "python-e2e",
        &python::requirements()?,
    )?];
    let root = workspace::root();
    let seed = root.join(super::PYTHON_FOLDER).join("seed.json");
    let driver = msal_cache::driver(&["keyring"])?;
    let program = Program::build(&["keyring"])?;
    let emulator = Emulator::start(&program, &seed)?;
    let tokens = root.join(FOLDER).join("keyring.py");
    script_of(interpreter, &tokens, &packages, &emulator)?
        .args(tests)
        .env("ENTRA_CACHE_DRIVER", driver)
        .run()?;
    println!("e2e keyring: passed");
    Ok(())
}
