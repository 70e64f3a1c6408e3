//! `e2e browser`: Chromium, started by our credential, carries a person's sign-in back to our listener.
//!
//! Chromium is large (350 MB), so this is not part of `ci`.

use std::fs;

use super::{Emulator, Program, debian, python, script};
use crate::error::{Context as _, Result};
use crate::workspace::{self, Workspace};

const FOLDER: &str = "tests/e2e/browser";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    // What is left names single tests, as `Browser.test_signed_in`.
    let tests = crate::rest(args)?;
    // Chromium trusts what is in the database that `certutil` makes.
    debian::need(&[("chromium", "chromium"), ("certutil", "libnss3-tools")])?;
    let packages = [python::packages()?];
    let pictures = Workspace::load()?.target_dir.join("e2e").join("browser");
    fs::create_dir_all(&pictures).context(|| format!("cannot make {}", pictures.display()))?;
    let folder = workspace::root();
    let program = Program::build(&[])?;
    let emulator = Emulator::start(&program, &folder.join(super::PYTHON_FOLDER).join("seed.json"))?;
    script(&folder.join(FOLDER).join("browser.py"), &packages, &emulator)?
        .args(tests)
        .env("ENTRA_PICTURES", &pictures)
        .run()?;
    println!("e2e browser: passed; what was shown is in {}", pictures.display());
    Ok(())
}
