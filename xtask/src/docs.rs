//! `docs`: the documentation of every package, warnings denied.

use crate::error::Result;
use crate::shell::Cmd;

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    build()
}

/// Builds it.
pub(crate) fn build() -> Result {
    Cmd::cargo()
        .args(["doc", "--workspace", "--locked", "--no-deps", "--all-features"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()
}
