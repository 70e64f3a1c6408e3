//! The credentials against an independent OpenID provider: what it takes and what it refuses.
//!
//! `cargo xtask e2e oidc` runs it with three arguments: the program `node`, the provider's script, and the folder with its modules.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

mod checks;
mod judge;
mod verdict;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::judge::Judge;
use crate::verdict::Verdict;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let outcome = match arguments.as_slice() {
        [node, script, modules] => run(node, script, modules),
        _ => Err("three arguments are wanted: node, the script, the folder of modules".into()),
    };
    match outcome {
        Ok(verdict) => verdict.report(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(node: &std::path::Path, script: &std::path::Path, modules: &std::path::Path) -> Result<Verdict> {
    let mut judge = Judge::start(node, script, modules)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut verdict = Verdict::default();
    runtime.block_on(async {
        checks::secret(&mut judge, &mut verdict).await?;
        checks::certificate(&mut judge, &mut verdict).await?;
        checks::code(&mut judge, &mut verdict).await?;
        checks::browser(&mut judge, &mut verdict).await?;
        checks::device(&mut judge, &mut verdict).await
    })?;
    Ok(verdict)
}
