//! `features`: programs that use us in the ways we promise, and how many crates each brings.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// The most crates that a package may bring on Linux, itself included, with its default features.
const BUDGETS: [(&str, usize); 2] = [("identity-base", 15), ("entra-identity", 80)];

const FOLDER: &str = "tests/features/";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Builds and runs the programs, prints the counts, compares them with the budgets.
pub(crate) fn check() -> Result {
    let workspace = Workspace::load()?;
    let programs: Vec<_> = workspace
        .packages
        .iter()
        .filter(|package| package.dir.starts_with(FOLDER))
        .collect();
    if programs.is_empty() {
        return Err(Error::new(format!("{FOLDER} holds no package")));
    }
    for program in &programs {
        // Each by itself: built together they would share one set of features.
        Cmd::cargo()
            .args(["run", "--quiet", "--locked", "--package", &program.name])
            .run()?;
    }
    println!(
        "\n{:<36} {:>6}  most",
        "crates on Linux, normal dependencies", "crates"
    );
    for program in &programs {
        // The program itself is no part of what a user takes in.
        println!(
            "{:<36} {:>6}",
            program.name,
            crates(&program.name)?.saturating_sub(1)
        );
    }
    let mut over = Vec::new();
    for (package, most) in BUDGETS {
        let count = crates(package)?;
        println!("{package:<36} {count:>6}  {most}");
        if count > most {
            over.push(format!(
                "{package} brings {count} crates, at most {most} are allowed"
            ));
        }
    }
    if over.is_empty() {
        Ok(())
    } else {
        Err(Error::new(over.join("; ")))
    }
}

fn crates(package: &str) -> Result<usize> {
    let tree = Cmd::cargo()
        .args([
            "tree",
            "--locked",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .output()?;
    Ok(unique(&tree))
}

/// The number of different crates in what `cargo tree --prefix none` prints.
fn unique(tree: &str) -> usize {
    let name_and_version = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    tree.lines()
        .filter(|line| !line.trim().is_empty())
        .map(name_and_version)
        .collect::<BTreeSet<_>>()
        .len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_crates_count_once_and_versions_by_themselves() {
        let tree = "app v0.1.0 (/somewhere)\nbytes v1.10.0\nhttp v1.3.0\nbytes v1.10.0 (*)\n\n\
                    derive v1.0.0 (proc-macro)\nderive v1.0.0 (proc-macro) (*)\nhttp v0.2.0\n";
        assert_eq!(unique(tree), 5);
    }
}
