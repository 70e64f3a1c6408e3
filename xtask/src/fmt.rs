//! `fmt`: rustfmt over the workspace and the packages that have one of their own.

use lexopt::Arg::Long;

use crate::error::Result;
use crate::shell::Cmd;
use crate::workspace;

pub(crate) fn run(mut args: lexopt::Parser) -> Result {
    let mut only_check = false;
    while let Some(arg) = args.next()? {
        match arg {
            Long("check") => only_check = true,
            other => return Err(other.unexpected().into()),
        }
    }
    format(only_check)
}

/// Fails where rustfmt would change something.
pub(crate) fn check() -> Result {
    format(true)
}

fn format(only_check: bool) -> Result {
    let flag = only_check.then_some("--check");
    Cmd::cargo().args(["fmt", "--all"]).args(flag).run()?;
    for manifest in [crate::bench::MANIFEST, crate::fuzz::MANIFEST] {
        if workspace::root().join(manifest).is_file() {
            Cmd::cargo()
                .args(["fmt", "--manifest-path", manifest])
                .args(flag)
                .run()?;
        }
    }
    Ok(())
}
