//! `e2e azurite`: our tokens in the official blob client, in object_store and in OpenDAL, judged by Azurite.
//!
//! The program is `azurite` in `crates/adapters/e2e`; this gets Azurite's packages and starts it.

use crate::error::Result;
use crate::test::{KEY_FILE_VARIABLE, key_file};
use crate::workspace::{self, Workspace};
use crate::{adapters, tools};

const FOLDER: &str = "tests/e2e/azurite";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

pub(crate) fn check() -> Result {
    let modules = tools::node_packages("azurite-e2e", &workspace::root().join(FOLDER))?;
    let target = Workspace::load()?.target_dir;
    adapters::cargo("run", &target)
        .args(["--quiet", "--package", "adapter-e2e", "--bin", "azurite", "--"])
        .arg(tools::program("node", "Node.js 20 or newer")?)
        .arg(modules)
        .env(KEY_FILE_VARIABLE, key_file(&target)?)
        // A proxy of the machine must not come between.
        .env("NO_PROXY", "localhost,127.0.0.1")
        .run()
}
