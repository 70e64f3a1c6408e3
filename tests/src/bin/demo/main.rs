//! The emulator, a token with each credential over TLS, a table of what happened, and a proof of single flight.
//!
//! `cargo xtask demo` runs it. It ends with 1 when a promise does not hold.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

mod flight;
mod promise;
mod row;
mod rows;
mod signature;
mod stage;
mod table;
mod tools;

use std::error::Error;
use std::process::ExitCode;

use crate::promise::Promises;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime could be made: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(demo()) {
        Ok(promises) => promises.report(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> Result<Promises> {
    let stage = stage::Stage::set().await?;
    println!(
        "an emulated Entra at {}, over TLS with a certificate authority of its own\n",
        stage.emulator.authority()
    );
    let mut promises = Promises::default();
    let mut table = table::Table::new();
    for row in rows::ROWS {
        table.add(row::run(row, &stage, &mut promises).await?);
    }
    println!("{table}");
    flight::prove(&stage, &mut promises).await?;
    Ok(promises)
}
