//! `fmt`: rustfmt over the workspace.

use lexopt::Arg::Long;

use crate::error::Result;
use crate::shell::Cmd;

pub(crate) fn run(mut args: lexopt::Parser) -> Result {
    let mut only_check = false;
    while let Some(arg) = args.next()? {
        match arg {
            Long("check") => only_check = true,
            other => return Err(other.unexpected().into()),
        }
    }
    if only_check {
        check()
    } else {
        Cmd::cargo().args(["fmt", "--all"]).run()
    }
}

/// Fails where rustfmt would change something.
pub(crate) fn check() -> Result {
    Cmd::cargo().args(["fmt", "--all", "--check"]).run()
}
