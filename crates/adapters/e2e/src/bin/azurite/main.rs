//! Our tokens in the official blob client, in object_store and in OpenDAL, judged by Azurite, Microsoft's emulator of Azure Storage.
//!
//! `cargo xtask e2e azurite` runs it with two arguments: the program `node`, and the folder with Azurite's modules.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program for people, which starts another and waits for its log"
)]

mod official;
mod opendal;
mod refusals;
mod service;
mod stores;
mod verdict;
mod world;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::verdict::Verdict;
use crate::world::World;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let outcome = match arguments.as_slice() {
        [node, modules] => run(node, modules),
        _ => Err("two arguments are wanted: node, and the folder of modules".into()),
    };
    match outcome {
        Ok(verdict) => verdict.report(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(node: &Path, modules: &Path) -> Result<Verdict> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut verdict = Verdict::default();
    runtime.block_on(async {
        let world = World::start(node, modules).await?;
        official::check(&world, &mut verdict).await?;
        stores::check(&world, &mut verdict).await?;
        opendal::check(&world, &mut verdict, 21).await?;
        refusals::check(&world, &mut verdict).await
    })?;
    Ok(verdict)
}
