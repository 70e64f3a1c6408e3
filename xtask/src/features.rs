//! `features`: programs that use us in the ways we promise, and how many crates each brings.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::shell::Cmd;
use crate::workspace::Workspace;

/// The most crates that a package may bring on Linux, itself included, with its default features.
const BUDGETS: [(&str, usize); 2] = [("identity-base", 15), ("entra-identity", 80)];

/// Crates that come with a feature that a user chooses, never by default.
const CHOICES: [&str; 3] = ["aws-lc-rs ", "aws-lc-sys ", "h2 "];

const FOLDER: &str = "tests/features/";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Builds and runs the programs, prints the counts, compares them with the budgets.
pub(crate) fn check() -> Result {
    let packages = Workspace::load()?.packages;
    let programs: Vec<_> = packages
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
        "\n{:<40} {:>6}  most",
        "crates on Linux, normal dependencies", "crates"
    );
    for program in &programs {
        // The program itself is no part of what a user takes in.
        let count = crates(&program.name)?.len().saturating_sub(1);
        println!("{:<40} {count:>6}", program.name);
    }
    let mut problems = Vec::new();
    for (package, most) in BUDGETS {
        let tree = crates(package)?;
        println!("{package:<40} {:>6}  {most}", tree.len());
        problems.extend(objections(package, &tree, most));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::new(problems.join("; ")))
    }
}

fn crates(package: &str) -> Result<BTreeSet<String>> {
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

/// The different crates, as name and version, in what `cargo tree --prefix none` prints.
pub(crate) fn unique(tree: &str) -> BTreeSet<String> {
    let name_and_version = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    tree.lines()
        .filter(|line| !line.trim().is_empty())
        .map(name_and_version)
        .collect()
}

/// What is wrong with the crates that a package brings by default.
fn objections(package: &str, tree: &BTreeSet<String>, most: usize) -> Vec<String> {
    let mut problems = Vec::new();
    if tree.len() > most {
        problems.push(format!(
            "{package} brings {} crates, at most {most} are allowed",
            tree.len()
        ));
    }
    let chosen = tree
        .iter()
        .filter(|name| CHOICES.iter().any(|choice| name.starts_with(choice)));
    problems.extend(chosen.map(|name| format!("{package} brings {name} by default")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_crates_count_once_and_versions_by_themselves() {
        let tree = "app v0.1.0 (/somewhere)\nbytes v1.10.0\nhttp v1.3.0\nbytes v1.10.0 (*)\n\n\
                    derive v1.0.0 (proc-macro)\nderive v1.0.0 (proc-macro) (*)\nhttp v0.2.0\n";
        assert_eq!(unique(tree).len(), 5);
    }

    #[test]
    fn too_many_crates_and_unasked_ones_are_found() {
        let tree = unique("app v1\nbytes v1\n");
        assert!(objections("app", &tree, 2).is_empty());
        assert_eq!(
            objections("app", &tree, 1),
            ["app brings 2 crates, at most 1 are allowed"]
        );
        let tree = unique("app v1\nh2 v0.4.1\nh22 v1\n");
        assert_eq!(objections("app", &tree, 9), ["app brings h2 v0.4.1 by default"]);
    }
}
