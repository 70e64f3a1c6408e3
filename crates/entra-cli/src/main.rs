//! `entra`: Microsoft Entra (Azure) tokens at the command line.
//!
//! Standard output carries what was asked for and nothing else; all talk goes to standard error. Secrets come from the environment or from files,
//! never from arguments. Each command is a module with its parser, its work and its help page; each way to a token is a row in [`via`].

mod account;
mod args;
mod claims;
mod client;
mod command;
mod context;
mod exit;
mod failure;
mod harden;
mod help;
mod race;
mod runtime;
mod secrets;
mod suggest;
mod time;
mod via;

use std::process::ExitCode;

use crate::context::Context;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let context = Context::from_process(&arguments);
    let exit = match command::dispatch(arguments, &context) {
        Ok(()) => exit::Exit::Success,
        Err(failure) => {
            failure.report(&context);
            failure.exit()
        }
    };
    ExitCode::from(exit.code())
}
