//! Benchmarks of the token engine, beside the official `azure_identity` in the same run.
//!
//! Without arguments: prints allocations, instructions and times of a cached hit. `loop NAME COUNT` is what the instruction counter runs under callgrind.
//!
//! Both sides get tokens of 1,500 characters that live 24 hours from a fake service in the process; nothing goes over a network.

mod allocations;
mod instructions;
mod ours;
mod peer;
mod times;

use std::process::ExitCode;

/// As long as a usual token with a few group claims.
const TOKEN_LENGTH: usize = 1_500;
/// As long as a managed identity's tokens live.
const TOKEN_LIFETIME_SECONDS: u64 = 86_400;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        [] => everything(),
        ["loop", name, count] => count
            .parse()
            .map_err(|error| format!("{count}: {error}"))
            .and_then(|count| instructions::run_loop(name, count)),
        _ => Err("usage: identity-bench [loop NAME COUNT]".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("identity-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn everything() -> Result<(), String> {
    allocations::print()?;
    instructions::print()?;
    times::print()
}
