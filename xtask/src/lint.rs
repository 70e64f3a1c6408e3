//! `lint`: formatting, and clippy for each package by itself, warnings denied.
//!
//! Each package alone, since in a run over the whole workspace a feature that one member turns on hides that another
//! forgot to.

use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::workspace::{Package, Workspace};

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    crate::fmt::check()?;
    clippy()
}

/// Clippy alone. One package with findings does not hide those of the others.
pub(crate) fn clippy() -> Result {
    let mut failed = Vec::new();
    for package in &Workspace::load()?.packages {
        for set in feature_sets(package) {
            // Its local dependencies get their own turn.
            let clippy = Cmd::cargo()
                .args([
                    "clippy",
                    "--quiet",
                    "--locked",
                    "--no-deps",
                    "--package",
                    &package.name,
                ])
                .args(set)
                .args(["--", "-D", "warnings"])
                .run();
            if clippy.is_err() {
                failed.push(format!("{} {}", package.name, set.join(" ")));
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::new(format!(
            "clippy finds fault with {}",
            failed.join(", ")
        )))
    }
}

/// The sets in which a package is linted: as it is, and without and with all features where that differs.
///
/// The set without features leaves out the tests: what they depend on would turn features on again.
fn feature_sets(package: &Package) -> Vec<&'static [&'static str]> {
    let mut sets: Vec<&[&str]> = vec![&["--all-targets"]];
    let default = package
        .features
        .get("default")
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !default.is_empty() {
        sets.push(&["--no-default-features"]);
    }
    let on_by_default = |name: &String| name == "default" || default.contains(name);
    if !package.features.keys().all(on_by_default) {
        sets.push(&["--all-targets", "--all-features"]);
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(features: &[(&str, &[&str])]) -> Vec<&'static [&'static str]> {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let features = features
            .iter()
            .map(|(name, on)| ((*name).to_owned(), list(on)))
            .collect();
        feature_sets(&Package {
            features,
            ..Package::default()
        })
    }

    const PLAIN: &[&str] = &["--all-targets"];
    const NONE: &[&str] = &["--no-default-features"];
    const ALL: &[&str] = &["--all-targets", "--all-features"];

    #[test]
    fn each_different_set_once() {
        assert_eq!(sets(&[]), [PLAIN]);
        assert_eq!(sets(&[("default", &[]), ("x", &[])]), [PLAIN, ALL]);
        assert_eq!(sets(&[("default", &["x"]), ("x", &[])]), [PLAIN, NONE]);
        assert_eq!(
            sets(&[("default", &["x"]), ("x", &[]), ("y", &[])]),
            [PLAIN, NONE, ALL]
        );
    }
}
