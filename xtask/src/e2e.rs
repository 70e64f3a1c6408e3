//! `e2e`: programs of other projects against our emulator, and our credentials against theirs.

mod az;
pub(crate) mod azurite;
pub(crate) mod oidc;
pub(crate) mod python;

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
use crate::workspace::Workspace;

/// How long the emulator may take until it says where it listens.
const START: Duration = Duration::from_secs(30);

pub(crate) fn run(mut args: lexopt::Parser) -> Result {
    let name = match args.next()? {
        Some(Name(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
        None => {
            return Err(Error::new(
                "which one? There are `python`, `oidc`, `azurite` and `az`",
            ));
        }
    };
    match name.as_str() {
        "az" => az::run(args),
        "azurite" => azurite::run(args),
        "oidc" => oidc::run(args),
        "python" => python::run(args),
        other => Err(Error::new(format!(
            "there is no end-to-end run `{other}`; there are `python`, `oidc`, `azurite` and `az`"
        ))),
    }
}

/// The emulator as a process of its own, ended when this is dropped.
struct Emulator {
    process: Child,
    /// The file with what it says about itself, a JSON document.
    description: PathBuf,
}

impl Emulator {
    /// Builds the command line program and starts its `emulate` with a seed file.
    fn start(seed: &Path) -> Result<Self> {
        let workspace = Workspace::load()?;
        Cmd::cargo()
            .args(["build", "--quiet", "--locked", "--package", "entra-cli"])
            .run()?;
        let name = format!("entra{}", std::env::consts::EXE_SUFFIX);
        let program: PathBuf = workspace.target_dir.join("debug").join(name);
        // Of this run alone, so that two at a time do not mix up their files.
        let scratch = workspace
            .target_dir
            .join("e2e")
            .join(std::process::id().to_string());
        std::fs::create_dir_all(&scratch).context(|| format!("cannot make {}", scratch.display()))?;
        // It also ends when its standard input does, so it does not outlive us however we end.
        let process = Cmd::new(program)
            .args(["emulate", "--ca-file"])
            .arg(scratch.join("ca.pem"))
            .arg("--seed")
            .arg(seed)
            .env(KEY_FILE_VARIABLE, key_file(&workspace.target_dir)?)
            .spawn()?;
        let mut emulator = Self {
            process,
            description: scratch.join("emulator.json"),
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

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do about it here.
        self.process.kill().ok();
        self.process.wait().ok();
        if let Some(scratch) = self.description.parent() {
            std::fs::remove_dir_all(scratch).ok();
        }
    }
}
