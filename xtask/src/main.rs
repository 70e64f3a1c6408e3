//! The one door to everything that is done with this workspace: `cargo xtask help` lists what is behind it.
//!
//! Every command is a file of its own with a `run` function, and prints the command lines that it runs, so that
//! each of them can be repeated by hand.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command line tool for developers: it prints, starts programs, reads files and takes times itself"
)]

mod adapters;
mod api;
mod bench;
mod broken;
mod ci;
mod demo;
mod deny;
mod docs;
mod e2e;
mod error;
mod features;
mod fmt;
mod fuzz;
mod json;
mod leaks;
mod lint;
mod package;
mod parity;
mod shell;
mod soak;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt as _;

use crate::error::{Error, Result};

const HELP: &str = "\
cargo xtask COMMAND

  demo [ARGS…]             start the emulator, get a token with each credential, show a table
  test [-- ARGS…]          all tests and documentation examples; ARGS go to the test runner
  ci [STEP…] [--list]      what .ci/run does: all steps, or the named ones

  fmt [--check]            format everything, or only look
  lint                     formatting, and clippy for each package and feature set, warnings denied
  tidy                     the rules that no compiler checks: layers, lengths, leftovers, manifests
  docs                     the documentation, warnings denied
  deny                     licences, banned crates and sources of all dependencies
  adapters                 format, lints and tests of crates/adapters, a workspace with a lock file of its own
  api [--bless]            compare the public interface with docs/public-api, or write it there
  package                  package and build every crate that is published
  parity                   the tables in docs/parity against the peers' lists of cases and our tests
  features                 build and run tests/features, count the crates, check the budgets
  e2e python               Python's own libraries against our emulator, over TLS
  e2e oidc                 our credentials against an independent OpenID provider
  e2e msal-cache           one token cache file, shared with Python's own libraries
  e2e keyring [TEST…]      tokens in a real Secret Service (gnome-keyring) on a bus of its own
  e2e browser [TEST…]      a sign-in with headless Chromium, and pictures of what it shows; 350 MB to install
  e2e azurite              our tokens in Azure Storage clients, judged by Azurite; 186 MB to install
  e2e az [TEST…]           the real Azure CLI, signed in to our emulator, under our credential, and an old one; 2 GB to install
  broken [NAME…]           builds that are broken on purpose, one by one: a test has to notice each
  leaks                    builds that leak on purpose: the leak guard has to find every one
  fuzz [--seconds N] [TARGET…]
                           what reads the input of strangers; needs a nightly toolchain
  soak [--seconds N] [--seed N] [--http2]
                           all flows at full rate for 120 s, with random faults: invariants, flat memory, nothing left
  bench [--build] [--write]
                           ours beside its peers, with targets and verdicts; --build: the builds too; --write: docs/benchmarks.md

Environment:
  XTASK_TOOLS              where pinned tools are kept; default: a folder of ours in the user's cache folder
";

fn main() -> ExitCode {
    if let Some(code) = api::rustdoc::as_wrapper() {
        return code;
    }
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result {
    let mut args = lexopt::Parser::from_env();
    let command = match args.next()? {
        None | Some(Long("help") | Short('h')) => "help".to_owned(),
        Some(Value(value)) => value.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match command.as_str() {
        "adapters" => adapters::run(args),
        "api" => api::run(args),
        "bench" => bench::run(args),
        "ci" => ci::run(args),
        "demo" => demo::run(args),
        "deny" => deny::run(args),
        "broken" => broken::run(args),
        "leaks" => leaks::run(args),
        "docs" => docs::run(args),
        "e2e" => e2e::run(args),
        "features" => features::run(args),
        "fmt" => fmt::run(args),
        "fuzz" => fuzz::run(args),
        "lint" => lint::run(args),
        "package" => package::run(args),
        "parity" => parity::run(args),
        "soak" => soak::run(args),
        "test" => test::run(args),
        "tidy" => tidy::run(args),
        "help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(Error::new(format!(
            "there is no command `{other}`; `cargo xtask help` lists them"
        ))),
    }
}

/// Fails when arguments are left, for the commands that take none.
fn no_more(mut args: lexopt::Parser) -> Result {
    match args.next()? {
        None => Ok(()),
        Some(other) => Err(other.unexpected().into()),
    }
}

/// What is left of the command line, for the commands that hand it to another program; a leading `--` is dropped.
fn rest(mut args: lexopt::Parser) -> Result<Vec<std::ffi::OsString>> {
    let mut rest: Vec<_> = args.raw_args()?.collect();
    if rest.first().is_some_and(|first| first == "--") {
        rest.remove(0);
    }
    Ok(rest)
}
