//! `bench`: the benchmarks beside the peers.
//!
//! They are a package with a lock file of its own, so that what they compare us with stays out of ours. This builds what is compared, counts crates, has the
//! peers of other languages installed, and starts the measuring program; `docs/benchmarks.md` tells the method and keeps the last figures.

mod build;
mod figures;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lexopt::Arg::Long;

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::test::{KEY_FILE_VARIABLE, key_file};
use crate::workspace::{self, Workspace};
use crate::{features, tools};

pub(crate) const MANIFEST: &str = "tests/bench/Cargo.toml";

const PEERS: &str = "tests/bench/peers";
/// The pins of the peer in Python: those of the end-to-end run, so that one install serves both.
const PYTHON_PINS: &str = "tests/e2e/python/requirements.txt";
/// The smallest programs: ours, and the official crate's.
const PROGRAMS: [&str; 2] = ["bench-start-ours", "bench-start-official"];
/// The profile that they are delivered with.
const PROFILE: &str = "start";

/// Peers that are never measured, and why.
const ABSENT: &str = "`google-cloud-auth` and `gcp_auth` have no hook for a transport and `aws-config` speaks another protocol, so they can't ask the same \
                      fake service: NOT measured";

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wishes {
    /// Whether to measure the builds, which takes minutes.
    build: bool,
    /// Whether the figures go into the documentation.
    write: bool,
}

pub(crate) fn run(args: lexopt::Parser) -> Result {
    let wishes = wishes(args)?;
    if !workspace::root().join(MANIFEST).is_file() {
        return Err(Error::new(format!("there is no {MANIFEST}")));
    }
    let workspace_target = Workspace::load()?.target_dir;
    let target = workspace_target.join("bench");
    cargo_build("identity-bench", "release", &target).run()?;
    let mut bench = Cmd::new(program(&target, "release", "identity-bench"));
    let mut crates = Vec::new();
    for (name, option) in PROGRAMS.into_iter().zip(["--ours", "--official"]) {
        cargo_build(name, PROFILE, &target).run()?;
        bench = bench.arg(option).arg(program(&target, PROFILE, name));
        crates.push(count(name)?.to_string());
    }
    bench = bench.arg("--crates").arg(crates.join(","));
    bench = peers(bench)?;
    if wishes.build {
        let seconds = PROGRAMS.map(|name| build::cpu_seconds(name, &target));
        let [ours, official] = seconds;
        bench = bench
            .arg("--build-seconds")
            .arg(format!("{:.0},{:.0}", ours?, official?));
    }
    let tables = target.join("figures.md");
    if wishes.write {
        // What an earlier run left there is not this run's.
        if tables.exists() {
            std::fs::remove_file(&tables).context(|| format!("cannot remove {}", tables.display()))?;
        }
        bench = bench.arg("--write").arg(&tables);
    }
    let measured = bench.env(KEY_FILE_VARIABLE, key_file(&workspace_target)?).run();
    // Also when something was not reached: the table says so.
    if wishes.write && tables.is_file() {
        figures::write(&tables)?;
    }
    measured
}

fn wishes(mut args: lexopt::Parser) -> Result<Wishes> {
    let mut wishes = Wishes::default();
    while let Some(argument) = args.next()? {
        match argument {
            Long("build") => wishes.build = true,
            Long("write") => wishes.write = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(wishes)
}

/// One package of the benchmarks: built by itself, since together they would share one set of features.
fn cargo_build(package: &str, profile: &str, target: &Path) -> Cmd {
    Cmd::cargo()
        .args(["build", "--locked", "--manifest-path", MANIFEST])
        .args(["--package", package, "--profile", profile, "--target-dir"])
        .arg(target)
}

fn program(target: &Path, profile: &str, name: &str) -> PathBuf {
    target
        .join(profile)
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// How many crates a program is made of, itself not counted.
fn count(package: &str) -> Result<usize> {
    let tree = Cmd::cargo()
        .args([
            "tree",
            "--locked",
            "--manifest-path",
            MANIFEST,
            "--package",
            package,
        ])
        .args([
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--target",
            "x86_64-unknown-linux-gnu",
        ])
        .output()?;
    Ok(features::unique(&tree).len().saturating_sub(1))
}

/// Adds the peers of other languages. One that can't be had here is named loudly, in the table as well, and is no failure.
fn peers(mut bench: Cmd) -> Result<Cmd> {
    let folder = workspace::root().join(PEERS);
    let go = match Cmd::new("go").arg("version").succeeds() {
        true => "there is no program of it among the peers yet",
        false => "there is no `go` on this machine",
    };
    let mut notes = vec![
        ABSENT.to_owned(),
        format!("Go's `azidentity` was NOT measured: {go}"),
    ];
    match python() {
        Ok((interpreter, packages)) => {
            let parts = [
                interpreter.as_os_str(),
                folder.join("python.py").as_os_str(),
                packages.as_os_str(),
            ]
            .join(",".as_ref());
            bench = bench.arg("--python").arg(parts);
        }
        Err(error) => notes.push(format!("Python's `azure.identity` was NOT measured: {error}")),
    }
    match tools::program("node", "Node.js 20 or newer")
        .and_then(|node| Ok((node, tools::node_packages("bench-peers", &folder)?)))
    {
        Ok((node, packages)) => {
            let parts = [
                node.as_os_str(),
                folder.join("node.mjs").as_os_str(),
                packages.as_os_str(),
            ]
            .join(",".as_ref());
            bench = bench.arg("--node").arg(parts);
        }
        Err(error) => notes.push(format!(
            "JavaScript's `@azure/identity` was NOT measured: {error}"
        )),
    }
    for note in notes {
        bench = bench.arg("--note").arg(note);
    }
    Ok(bench)
}

/// The interpreter itself, for a launcher of interpreters takes its time at each start, and the folder of packages.
fn python() -> Result<(OsString, PathBuf)> {
    let found = Cmd::new(tools::python()?)
        .args(["-c", "import sys; print(sys.executable)"])
        .output()?;
    let pins = tools::requirements(&workspace::root().join(PYTHON_PINS))?;
    Ok((found.trim().into(), tools::python_packages("python-e2e", &pins)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_wishes_are_understood_and_others_refused() {
        let parse = |args: &[&str]| wishes(lexopt::Parser::from_args(args));
        assert_eq!(parse(&[]).unwrap(), Wishes::default());
        assert_eq!(
            parse(&["--write", "--build"]).unwrap(),
            Wishes {
                build: true,
                write: true
            }
        );
        assert!(parse(&["--quick"]).is_err() && parse(&["loop"]).is_err());
    }

    #[test]
    fn the_peers_scripts_are_there() {
        for name in ["python.py", "node.mjs", "package.json", "package-lock.json"] {
            assert!(workspace::root().join(PEERS).join(name).is_file(), "{name}");
        }
    }
}
