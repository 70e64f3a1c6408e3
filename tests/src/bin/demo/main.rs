//! The emulator, a token with each credential over TLS, a table of what happened, and a proof of single flight.
//!
//! `cargo xtask demo` runs it. It ends with 1 when a promise does not hold.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

mod flight;
mod promise;
mod row;
mod signature;
mod table;
mod tools;

use std::error::Error;
use std::process::ExitCode;

use entra_identity::{Authority, ClientOptions};
use identity_emulator::{Builder, Emulator};

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
    let emulator = with_key_file(Emulator::builder()).start().await?;
    println!(
        "an emulated Entra at {}, over TLS with a certificate authority of its own\n",
        emulator.authority()
    );
    // One value for all credentials: they share its connections.
    let options = ClientOptions::new()
        .with_authority(Authority::parse(emulator.authority())?)
        .with_disable_instance_discovery(true)
        .with_extra_roots(emulator.ca_pem().into_bytes());
    let mut promises = Promises::default();
    let mut table = table::Table::new();
    for row in row::ROWS {
        table.add(row::run(row, &emulator, &options, &mut promises).await?);
    }
    println!("{table}");
    flight::prove(&emulator, &options, &mut promises).await?;
    Ok(promises)
}

/// Keeps the signing key where the test door says, which saves most of the start.
#[expect(clippy::disallowed_methods, reason = "what the test door tells its programs")]
fn with_key_file(builder: Builder) -> Builder {
    match std::env::var_os("IDENTITY_EMULATOR_KEY_FILE") {
        Some(path) => builder.signing_key_file(path),
        None => builder,
    }
}
