//! `package`: packs every published crate and builds it from what was packed.

use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// Endings of files that hold keys or recordings, which no package may carry.
const FORBIDDEN_ENDINGS: [&str; 8] = [".pem", ".key", ".pfx", ".p12", ".der", ".crt", ".env", ".log"];

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Packs, looks at the lists of files, builds.
pub(crate) fn check() -> Result {
    let workspace = Workspace::load()?;
    for package in workspace.published() {
        let files = Cmd::cargo()
            .args(["package", "--list", "--allow-dirty", "--package", &package.name])
            .output()?;
        if let Some(problem) = problem_in(&files) {
            return Err(Error::new(format!("the package of {}: {problem}", package.name)));
        }
    }
    // One run for all, so that crates find each other although no registry has them yet.
    let names = workspace
        .published()
        .flat_map(|package| ["--package", &package.name]);
    Cmd::cargo()
        .args(["package", "--quiet", "--locked", "--allow-dirty"])
        // Packed crates know nothing of the workspace's profile; with the same one they share its builds.
        .args(["--config", "profile.dev.debug='line-tables-only'"])
        .args(names)
        .run()
}

fn problem_in(files: &str) -> Option<String> {
    if !files.lines().any(|file| file == "README.md") {
        return Some("it has no README.md".to_owned());
    }
    let forbidden = files
        .lines()
        .find(|file| FORBIDDEN_ENDINGS.iter().any(|ending| file.ends_with(ending)))?;
    Some(format!("{forbidden} does not belong in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_a_missing_readme_are_found() {
        assert_eq!(problem_in("Cargo.toml\nREADME.md\nsrc/lib.rs"), None);
        assert_eq!(
            problem_in("Cargo.toml\nsrc/lib.rs"),
            Some("it has no README.md".to_owned())
        );
        let found = problem_in("README.md\nsrc/ca.pem");
        assert_eq!(found, Some("src/ca.pem does not belong in it".to_owned()));
    }
}
