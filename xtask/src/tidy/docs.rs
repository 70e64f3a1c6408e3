//! What documents must speak of.

use super::{Finding, Source};
use crate::workspace::Package;

/// Every feature is explained where users look: the crate's README or its first page of documentation.
pub(super) fn features(packages: &[Package], sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.published) {
        let pages = ["README.md", "src/lib.rs", "src/main.rs"].map(|file| format!("{}/{file}", package.dir));
        let text: String = sources
            .iter()
            .filter(|source| pages.contains(&source.path))
            .map(documentation)
            .collect();
        for feature in package.features.keys().filter(|feature| *feature != "default") {
            if !text.contains(&format!("`{feature}`")) {
                let message = format!(
                    "feature `{feature}` is explained neither in the README nor in the crate's documentation"
                );
                findings.push(Finding::new(&format!("{}/Cargo.toml", package.dir), 0, message));
            }
        }
    }
    findings
}

/// A page as it is, and of a Rust file what documents the crate.
fn documentation(source: &Source) -> String {
    let shown = |line: &&str| !source.is_rust() || line.trim_start().starts_with("//!");
    source.text.lines().filter(shown).collect::<Vec<_>>().join("\n")
}

/// The constants of the project stand in one table.
pub(super) fn architecture(sources: &[Source]) -> Vec<Finding> {
    let path = "docs/ARCHITECTURE.md";
    let Some(source) = sources.iter().find(|source| source.path == path) else {
        return vec![Finding::new(path, 0, "is missing")];
    };
    let is_heading = |line: &&str| line.starts_with('#');
    let mut lines = source
        .text
        .lines()
        .skip_while(|line| !(is_heading(line) && line.to_lowercase().contains("constants")));
    if lines.next().is_none() {
        return vec![Finding::new(path, 0, "has no section on constants")];
    }
    // The head of a table and the line below it are no rows.
    let rows = lines
        .take_while(|line| !is_heading(line))
        .filter(|line| line.starts_with('|'))
        .count();
    if rows < 3 {
        vec![Finding::new(path, 0, "has no table of constants")]
    } else {
        Vec::new()
    }
}

/// The project's front page names every crate that one can depend on.
pub(super) fn readme(packages: &[Package], sources: &[Source]) -> Vec<Finding> {
    let path = "README.md";
    let Some(source) = sources.iter().find(|source| source.path == path) else {
        return vec![Finding::new(path, 0, "is missing")];
    };
    let unnamed = packages
        .iter()
        .filter(|package| package.published && !source.text.contains(&format!("`{}`", package.name)));
    let mut findings: Vec<_> = unnamed
        .map(|package| Finding::new(path, 0, format!("does not name `{}`", package.name)))
        .collect();
    for command in ["cargo xtask demo", "cargo xtask test"] {
        if !source.text.contains(command) {
            findings.push(Finding::new(path, 0, format!("does not show `{command}`")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> Package {
        let features = [("default", vec![]), ("http2", vec![])].map(|(name, on)| (name.to_owned(), on));
        Package {
            name: "a".into(),
            dir: "crates/a".into(),
            published: true,
            features: features.into(),
            ..Package::default()
        }
    }

    #[test]
    fn a_feature_that_nobody_explains_is_found() {
        let check = |path: &str, text: &str| features(&[published()], &[Source::new(path, text)]).len();
        assert_eq!(check("crates/a/README.md", "| `http2` | HTTP/2 |"), 0);
        assert_eq!(check("crates/a/src/lib.rs", "//! - `http2`: HTTP/2"), 0);
        assert_eq!(check("crates/a/src/lib.rs", "//! D\n// `http2` only here"), 1);
        assert_eq!(check("crates/b/README.md", "`http2`"), 1);
    }

    #[test]
    fn a_missing_table_of_constants_is_found() {
        let check = |text: &str| architecture(&[Source::new("docs/ARCHITECTURE.md", text)]).len();
        assert_eq!(check("# A\n## Constants\n\n| a | b |\n|---|---|\n| x | 1 |\n"), 0);
        assert_eq!(
            check("# A\n## Constants\n\n| a | b |\n|---|---|\n## Other\n| x | 1 |\n"),
            1
        );
        assert_eq!(check("# A\n| a | b |\n|---|---|\n| x | 1 |\n"), 1);
        assert_eq!(architecture(&[]).len(), 1);
    }

    #[test]
    fn a_readme_without_a_crate_or_command_is_found() {
        let check = |text: &str| readme(&[published()], &[Source::new("README.md", text)]).len();
        assert_eq!(check("`a`, cargo xtask demo, cargo xtask test"), 0);
        assert_eq!(check("`a`, cargo xtask demo"), 1);
        assert_eq!(check("cargo xtask demo, cargo xtask test"), 1);
        assert_eq!(readme(&[], &[]).len(), 1);
    }
}
