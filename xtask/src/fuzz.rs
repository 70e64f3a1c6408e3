//! `fuzz`: the fuzz targets, each for so many seconds.
//!
//! They begin with files that `openssl` makes anew and with the malformed ones of the repository; what the fuzzer adds stays under the target folder.

#[path = "../../tests/fuzz/seeds.rs"]
mod seeds;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use lexopt::Arg::{Long, Value};
use lexopt::ValueExt as _;

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::tools;
use crate::workspace::{Workspace, root};

pub(crate) const MANIFEST: &str = "tests/fuzz/Cargo.toml";
const FOLDER: &str = "tests/fuzz";
/// All targets, each with its dictionary.
const TARGETS: [(&str, &str); 15] = [
    ("arc_challenge", TEXT),
    ("cache_document", TEXT),
    ("dates", TEXT),
    ("device_code", TEXT),
    ("discovery", TEXT),
    ("error_document", TEXT),
    ("loopback", TEXT),
    ("metadata", TEXT),
    ("pem", KEYS),
    ("pkcs12", KEYS),
    ("record", TEXT),
    ("token_response", TEXT),
    ("tool_output", TEXT),
    ("ws_trust", TEXT),
    ("www_authenticate", TEXT),
];
/// Words of key files.
const KEYS: &str = "words.dict";
/// Words of documents and headers.
const TEXT: &str = "text.dict";
/// How long each runs when nothing is said.
const SECONDS: u64 = 60;
/// So many executions a target has to reach in [`SECONDS`]; with less time, a part of them.
const EXECUTIONS: u64 = 100_000;
/// The longest file that the fuzzer makes: the largest seed has about 5,000 bytes.
const MAX_BYTES: u32 = 8192;
/// A file that takes longer is reported. Encryption may be asked to derive a key in a million rounds, which takes seconds here.
const SLOW_SECONDS: u32 = 60;

pub(crate) fn run(mut args: lexopt::Parser) -> Result {
    let (mut seconds, mut chosen) = (SECONDS, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("seconds") => seconds = args.value()?.parse()?,
            Value(name) => chosen.push(find(&name.string()?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    if chosen.is_empty() {
        chosen.extend(TARGETS);
    }
    // The `cargo` of rustup, not the one that started us: only that knows other toolchains.
    if !Cmd::new("cargo").args(["+nightly", "--version"]).succeeds() {
        return Err(Error::new(
            "fuzzing needs a nightly toolchain, for its sanitizers: rustup toolchain install nightly --profile minimal",
        ));
    }
    crate::e2e::debian::need(&crate::test::PROGRAMS)?;
    let tools = tools::cargo_fuzz()?;
    let target_dir = Workspace::load()?.target_dir.join("fuzz");
    sow(&target_dir)?;
    for target in chosen {
        fuzz(target, seconds, &target_dir, &tools)?;
    }
    Ok(())
}

fn find(name: &str) -> Result<(&'static str, &'static str)> {
    TARGETS
        .into_iter()
        .find(|(target, _)| *target == name)
        .ok_or_else(|| {
            let names: Vec<_> = TARGETS.iter().map(|(target, _)| *target).collect();
            Error::new(format!(
                "there is no fuzz target `{name}`; there are {}",
                names.join(", ")
            ))
        })
}

/// Puts what each target begins with where it finds it.
fn sow(target_dir: &Path) -> Result {
    let lab = target_dir.join("lab");
    if lab.exists() {
        fs::remove_dir_all(&lab).context(|| format!("cannot remove {}", lab.display()))?;
    }
    fs::create_dir_all(&lab).context(|| format!("cannot make {}", lab.display()))?;
    let seeds = seeds::make(&lab).map_err(Error::new)?;
    for (target, _) in TARGETS {
        let corpus = target_dir.join("corpus").join(target);
        fs::create_dir_all(&corpus).context(|| format!("cannot make {}", corpus.display()))?;
        let own = seeds.iter().filter(|seed| seed.target == target);
        let (mut made, mut protected, mut chains) = (0, 0, 0);
        for seed in own {
            fs::write(corpus.join(seed.name), &seed.bytes)
                .context(|| format!("cannot write {}", seed.name))?;
            made += 1;
            protected += usize::from(seed.protected);
            chains += usize::from(seed.chain > 1);
        }
        let kept = copy(&root().join(FOLDER).join("corpus").join(target), &corpus)?;
        match made {
            0 => println!("{target}: begins with {kept} files"),
            _ => println!(
                "{target}: begins with {made} files that load ({protected} with a password, {chains} with a chain) and {kept} that do not"
            ),
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<usize> {
    let mut copied = 0;
    for entry in fs::read_dir(from).context(|| format!("cannot read {}", from.display()))? {
        let entry = entry.context(|| format!("cannot read {}", from.display()))?;
        fs::copy(entry.path(), to.join(entry.file_name()))
            .context(|| format!("cannot copy {}", entry.path().display()))?;
        copied += 1;
    }
    Ok(copied)
}

fn fuzz((target, words): (&str, &str), seconds: u64, target_dir: &Path, tools: &Path) -> Result {
    let artifacts = target_dir.join("artifacts").join(target);
    fs::create_dir_all(&artifacts).context(|| format!("cannot make {}", artifacts.display()))?;
    let mut prefix = OsString::from("-artifact_prefix=");
    prefix.push(&artifacts);
    prefix.push("/");
    let mut path = OsString::from(tools);
    if let Some(others) = std::env::var_os("PATH") {
        path.push(if cfg!(windows) { ";" } else { ":" });
        path.push(others);
    }
    let run = Cmd::new("cargo")
        .args(["+nightly", "fuzz", "run", "--fuzz-dir", FOLDER, "--target-dir"])
        .arg(target_dir)
        .arg(target)
        .arg(target_dir.join("corpus").join(target))
        .arg("--")
        .args([
            format!("-max_total_time={seconds}"),
            format!("-max_len={MAX_BYTES}"),
            format!("-timeout={SLOW_SECONDS}"),
            format!("-dict={}", root().join(FOLDER).join(words).display()),
            "-print_final_stats=1".to_owned(),
        ])
        .arg(prefix)
        .env("PATH", path);
    run.announce();
    let (success, output) = run.outcome()?;
    // The statistics, or how it ended; all of it is in the artifact where it crashed.
    let told: Vec<_> = output.lines().rev().take(if success { 12 } else { 60 }).collect();
    told.iter().rev().for_each(|line| println!("{line}"));
    if !success {
        return Err(Error::new(format!(
            "{target} found an input that breaks a promise: see {}",
            artifacts.display()
        )));
    }
    let wanted = EXECUTIONS.saturating_mul(seconds.min(SECONDS)) / SECONDS;
    match executions(&output) {
        Some(count) if count >= wanted => {
            println!("{target}: {count} executions, {}", coverage(&output));
            Ok(())
        }
        count => Err(Error::new(format!(
            "{target}: {} executions in {seconds} s, {wanted} are wanted",
            count.unwrap_or_default()
        ))),
    }
}

/// How many inputs were tried, as the fuzzer says at its end.
fn executions(output: &str) -> Option<u64> {
    output
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .and_then(|count| count.trim().parse().ok())
}

/// What was covered at the end: code, features, inputs kept.
fn coverage(output: &str) -> &str {
    output
        .lines()
        .rev()
        .find(|line| line.contains("DONE") && line.contains("cov:"))
        .and_then(|line| line.split_once("DONE"))
        .map_or("coverage unknown", |(_, rest)| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_refused_with_the_list() {
        assert!(find("pem").is_ok());
        let error = find("jpeg").unwrap_err().to_string();
        assert!(error.contains("pem, pkcs12"), "{error}");
    }

    #[test]
    fn the_end_of_a_run_is_read() {
        let output = "#1\tINITED cov: 1\n#99\tDONE   cov: 812 ft: 3000 corp: 40/2Kb lim: 80 exec/s: 9 rss: 90Mb\nstat::number_of_executed_units: 123456\n";
        assert_eq!(executions(output), Some(123_456));
        assert!(coverage(output).starts_with("cov: 812 ft: 3000"));
        assert_eq!((executions("#1\n"), coverage("#1\n")), (None, "coverage unknown"));
    }

    #[test]
    fn each_target_has_its_program_and_its_malformed_files() {
        for (target, words) in TARGETS {
            let folder = root().join(FOLDER);
            assert!(folder.join(words).is_file());
            assert!(folder.join("fuzz_targets").join(format!("{target}.rs")).is_file());
            assert!(folder.join("corpus").join(target).is_dir());
        }
        let programs = fs::read_dir(root().join(FOLDER).join("fuzz_targets")).unwrap();
        assert_eq!(programs.count(), TARGETS.len());
    }
}
