//! `e2e`: programs of other projects against our emulator, and our credentials against theirs.

mod az;
pub(crate) mod azurite;
mod browser;
pub(crate) mod debian;
mod keyring;
pub(crate) mod msal_cache;
pub(crate) mod oidc;
pub(crate) mod python;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc;
use std::time::Duration;

use lexopt::Arg::Value as Name;
use lexopt::ValueExt as _;
use serde_json::Value;

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::test::{KEY_FILE_VARIABLE, key_file};
use crate::tools;
use crate::workspace::Workspace;

/// How long the emulator may take until it says where it listens.
const START: Duration = Duration::from_secs(30);
/// The public cloud's host. The emulator has a certificate for it too, for programs with their factory settings, which a proxy takes there.
const PUBLIC_HOST: &str = "login.microsoftonline.com";
/// Where the scripts and the modules that they share are.
const PYTHON_FOLDER: &str = "tests/e2e/python";

/// A run that takes what is left of the command line.
type Run = fn(lexopt::Parser) -> Result;

/// The runs by name.
const RUNS: [(&str, Run); 7] = [
    ("python", python::run),
    ("oidc", oidc::run),
    ("azurite", azurite::run),
    ("msal-cache", msal_cache::run),
    ("keyring", keyring::run),
    ("browser", browser::run),
    ("az", az::run),
];

pub(crate) fn run(mut args: lexopt::Parser) -> Result {
    let name = match args.next()? {
        Some(Name(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
        None => return Err(Error::new(format!("which one? There are {}", names()))),
    };
    match RUNS.iter().find(|(known, _)| *known == name) {
        Some((_, run)) => run(args),
        None => Err(Error::new(format!(
            "there is no end-to-end run `{name}`; there are {}",
            names()
        ))),
    }
}

fn names() -> String {
    RUNS.map(|(name, _)| format!("`{name}`")).join(", ")
}

/// The command line program: a copy for this run alone, so that a build meanwhile changes nothing.
struct Program {
    /// The folder of the run, removed when this is dropped.
    scratch: PathBuf,
    path: PathBuf,
}

impl Program {
    /// Builds it with these features beside its default ones.
    fn build(features: &[&str]) -> Result<Self> {
        let target = Workspace::load()?.target_dir;
        let mut cargo = Cmd::cargo().args(["build", "--quiet", "--locked", "--package", "entra-cli"]);
        if !features.is_empty() {
            cargo = cargo.arg("--features").arg(features.join(","));
        }
        cargo.run()?;
        let name = format!("entra{}", std::env::consts::EXE_SUFFIX);
        let scratch = target.join("e2e").join(std::process::id().to_string());
        std::fs::create_dir_all(&scratch).context(|| format!("cannot make {}", scratch.display()))?;
        let path = scratch.join(&name);
        std::fs::copy(target.join("debug").join(name), &path)
            .context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { scratch, path })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.scratch).ok();
    }
}

/// A Python script that finds `packages`, the modules that scripts share, and the emulator.
fn script(path: &Path, packages: &[PathBuf], emulator: &Emulator<'_>) -> Result<Cmd> {
    script_of(&tools::python()?, path, packages, emulator)
}

/// As [`script`], for an interpreter of its own.
fn script_of(interpreter: &OsStr, path: &Path, packages: &[PathBuf], emulator: &Emulator<'_>) -> Result<Cmd> {
    let shared = crate::workspace::root().join(PYTHON_FOLDER);
    let folders = std::env::join_paths(packages.iter().chain([&shared]))
        .context(|| "a folder's name can't be in PYTHONPATH".to_owned())?;
    Ok(Cmd::new(interpreter)
        // Not from the user's own packages, and nothing written beside the sources.
        .args(["-s", "-B"])
        .arg(path)
        .env("PYTHONPATH", folders)
        .env("NO_PROXY", "localhost,127.0.0.1")
        .env("ENTRA_EMULATOR", &emulator.description)
        .env("ENTRA_PROGRAM", &emulator.program.path))
}

/// The emulator as a process of its own, ended when this is dropped.
struct Emulator<'a> {
    process: Child,
    program: &'a Program,
    /// The file with what it says about itself, a JSON document.
    description: PathBuf,
}

impl<'a> Emulator<'a> {
    /// Starts `emulate` of the command line program with a seed file.
    fn start(program: &'a Program, seed: &Path) -> Result<Self> {
        let target = Workspace::load()?.target_dir;
        // It also ends when its standard input does, so it does not outlive us however we end.
        let process = Cmd::new(&program.path)
            .args(["emulate", "--server-name", PUBLIC_HOST, "--ca-file"])
            .arg(program.scratch.join("ca.pem"))
            .arg("--seed")
            .arg(seed)
            .env(KEY_FILE_VARIABLE, key_file(&target)?)
            .spawn()?;
        let mut emulator = Self {
            process,
            program,
            description: program.scratch.join("emulator.json"),
        };
        let description = emulator.first_line()?;
        serde_json::from_str::<Value>(&description)
            .context(|| format!("`entra emulate` printed no JSON but `{description}`"))?;
        std::fs::write(&emulator.description, description)
            .context(|| format!("cannot write {}", emulator.description.display()))?;
        Ok(emulator)
    }

    fn first_line(&mut self) -> Result<String> {
        let output = self
            .process
            .stdout
            .take()
            .ok_or_else(|| Error::new("no pipe to the emulator"))?;
        let (sender, receiver) = mpsc::channel();
        // The pipe is read to its end, so that the emulator never waits for a reader.
        std::thread::spawn(move || {
            for line in
                std::io::BufRead::lines(std::io::BufReader::new(output)).map_while(std::io::Result::ok)
            {
                // Nobody listens after the first line.
                sender.send(line).ok();
            }
        });
        receiver
            .recv_timeout(START)
            .context(|| "`entra emulate` did not say where it listens".to_owned())
    }
}

impl Drop for Emulator<'_> {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do about it here.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_are_listed_and_an_unknown_one_is_refused_with_the_list() {
        for (name, _) in RUNS {
            assert!(crate::HELP.contains(&format!("  e2e {name} ")), "{name}");
        }
        let error = run(lexopt::Parser::from_args(["nope"])).unwrap_err().to_string();
        assert!(error.contains("`msal-cache`"), "{error}");
        assert!(run(lexopt::Parser::from_args([""; 0])).is_err());
    }
}
