//! `e2e oidc`: our credentials against an independent, strict OpenID provider.
//!
//! The program is `oidc` in `tests`; this gets the provider's packages and starts it.

use crate::error::Result;
use crate::shell::Cmd;
use crate::{tools, workspace};

const FOLDER: &str = "tests/e2e/oidc";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

pub(crate) fn check() -> Result {
    let folder = workspace::root().join(FOLDER);
    let modules = tools::node_packages("oidc-e2e", &folder)?;
    Cmd::cargo()
        .args([
            "run",
            "--locked",
            "--quiet",
            "--package",
            "integration-tests",
            "--bin",
            "oidc",
            "--",
        ])
        .arg(tools::program("node", "Node.js 20 or newer")?)
        .arg(folder.join("server.mjs"))
        .arg(modules)
        // A proxy of the machine must not come between.
        .env("NO_PROXY", "localhost,127.0.0.1")
        .run()
}
