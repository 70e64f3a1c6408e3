//! Programs of the system, installed with Debian's package manager if they are not there.

use std::path::Path;

use crate::error::{Error, Result};
use crate::shell::Cmd;

/// A program, and the package that brings it.
pub(crate) type Wanted = (&'static str, &'static str);

/// Installs the packages of those programs that are not on the `PATH`.
///
/// # Errors
/// An error that names the packages where there is no `apt-get` or it fails, for example without the rights to install.
pub(crate) fn need(wanted: &[Wanted]) -> Result {
    let missing = missing(wanted, is_on_path);
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)?;
    match self::missing(wanted, is_on_path).as_slice() {
        [] => Ok(()),
        still => Err(Error::new(format!(
            "the programs of {} are still not on the PATH",
            still.join(", ")
        ))),
    }
}

/// Installs packages.
///
/// # Errors
/// As [`need`].
pub(super) fn install(packages: &[&str]) -> Result {
    if !is_on_path("apt-get") {
        return Err(Error::new(format!(
            "this needs what comes with Debian's packages {}",
            packages.join(", ")
        )));
    }
    Cmd::new("apt-get").args(["update", "--quiet=2"]).run()?;
    Cmd::new("apt-get")
        .args(["install", "--quiet=2", "--yes", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
}

/// The packages of the programs that are not there.
fn missing(wanted: &[Wanted], is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    wanted
        .iter()
        .filter(|(program, _)| !is_there(program))
        .map(|(_, package)| *package)
        .collect()
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_file(&folder.join(program)))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_missing_programs_alone_are_installed() {
        let wanted = [("chromium", "chromium"), ("certutil", "libnss3-tools")];
        assert_eq!(
            missing(&wanted, |program| program == "chromium"),
            ["libnss3-tools"]
        );
        assert!(missing(&wanted, |_| true).is_empty());
        assert!(!is_on_path("no-such-program-anywhere"));
    }
}
