//! `deny`: licences, banned crates and sources of all dependencies, by `deny.toml`.
//!
//! Known advisories are version floors in `deny.toml`, since the advisory database needs a network that a build
//! machine may not have.

use crate::error::Result;
use crate::shell::Cmd;
use crate::tools;

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Runs the checks.
pub(crate) fn check() -> Result {
    Cmd::new(tools::cargo_deny()?)
        .args(["--workspace", "--locked", "check", "--hide-inclusion-graph"])
        // The table of layers names what a crate may do, also where it does not do it yet.
        .args(["--allow", "unused-wrapper"])
        .args(["bans", "licenses", "sources"])
        .run()
}
