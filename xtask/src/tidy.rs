//! `tidy`: the rules that no compiler checks.
//!
//! A rule is a function from what was read to findings, so that its own test can show it a tree that breaks it.

mod docs;
mod files;
mod guard;
mod layers;
mod leftovers;
mod manifests;
mod source;
mod tree;

use crate::error::{Error, Result};
use crate::workspace::Workspace;
use source::Source;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Applies every rule to the workspace.
pub(crate) fn check() -> Result {
    let workspace = Workspace::load()?;
    let tree = tree::read()?;
    let mut findings = rules(&workspace, &tree);
    findings.sort();
    for Finding { path, line, message } in &findings {
        if *line == 0 {
            println!("{path}: {message}")
        } else {
            println!("{path}:{line}: {message}")
        }
    }
    if findings.is_empty() {
        println!(
            "tidy: {} files, {} packages, nothing found",
            tree.sources.len(),
            workspace.packages.len()
        );
        return Ok(());
    }
    Err(Error::new(format!("tidy found {} places", findings.len())))
}

fn rules(workspace: &Workspace, tree: &tree::Tree) -> Vec<Finding> {
    let mut findings = layers::check(&workspace.packages);
    findings.extend(manifests::packages(&workspace.packages));
    findings.extend(docs::features(&workspace.packages, &tree.sources));
    findings.extend(docs::architecture(&tree.sources));
    findings.extend(docs::readme(&workspace.packages, &tree.sources));
    findings.extend(files::top_level(&tree.top_level));
    for source in &tree.sources {
        findings.extend(files::shape(source));
        findings.extend(leftovers::check(source));
        findings.extend(guard::check(source));
        findings.extend(manifests::versions(source));
    }
    findings
}
