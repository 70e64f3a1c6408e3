//! Manifests: one table of versions, one table of lints, complete descriptions.

use super::{Finding, Source};
use crate::workspace::Package;

/// Fields that a published crate must have, and versions that would keep one from being published.
pub(super) fn packages(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let path = format!("{}/Cargo.toml", package.dir);
        if package.published {
            let missing = package.missing_fields.iter();
            findings.extend(
                missing.map(|field| Finding::new(&path, 0, format!("a published crate needs `{field}`"))),
            );
        }
        if package.published && !package.dir.starts_with("crates/") {
            findings.push(Finding::new(
                &path,
                0,
                "only crates are published: say `publish = false`",
            ));
        }
        for dependency in package.dependencies.iter().filter(|dependency| dependency.local) {
            let unpublished = packages
                .iter()
                .any(|other| other.name == dependency.name && !other.published);
            // Cargo drops a local dependency without a version from what it publishes, but only one of the tests.
            if package.published && unpublished && dependency.kind != "dev" {
                let message = format!("is published and needs {}, which is not", dependency.name);
                findings.push(Finding::new(&path, 0, message));
            }
            if unpublished && dependency.version != "*" {
                let message = format!("gives {} a version, which is never published", dependency.name);
                findings.push(Finding::new(&path, 0, message));
            }
        }
    }
    findings
}

/// Members take versions and lints from the root's tables.
pub(super) fn versions(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = source.path.as_str();
    // A package with a `[workspace]` of its own has nobody to inherit from, nor has a program that the benchmarks weigh as a user would write it.
    let own_root = source.text.lines().any(|line| line.trim_end() == "[workspace]")
        || path.starts_with("tests/bench/start/");
    if !path.ends_with("/Cargo.toml") || own_root {
        return findings;
    }
    let (mut section, mut open_brackets) = ("", 0_isize);
    let mut inherits_lints = false;
    for (number, line) in (1..).zip(source.text.lines().map(str::trim)) {
        let inside_value = open_brackets > 0;
        open_brackets += bracket_change(line);
        if inside_value || line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            open_brackets = 0;
            continue;
        }
        let inherits = line.replace(' ', "").contains("workspace=true");
        inherits_lints |= section == "lints" && inherits;
        let one_of_many = section.ends_with("dependencies");
        let one_by_itself = section
            .rsplit_once('.')
            .is_some_and(|(table, _)| table.ends_with("dependencies"));
        let own_version = one_of_many && !inherits;
        let own_field = one_by_itself
            && ["version", "path", "git"]
                .iter()
                .any(|field| line.starts_with(field));
        if own_version || own_field {
            findings.push(Finding::new(
                path,
                number,
                "takes no version from the root's [workspace.dependencies]",
            ));
        }
    }
    if !inherits_lints {
        findings.push(Finding::new(path, 0, "has no `[lints]` with `workspace = true`"));
    }
    findings
}

fn bracket_change(line: &str) -> isize {
    line.chars().fold(0, |depth, c| match c {
        '[' | '{' => depth + 1,
        ']' | '}' => depth - 1,
        _ => depth,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn lines(text: &str) -> Vec<usize> {
        let source = Source::new("crates/a/Cargo.toml", text);
        versions(&source)
            .into_iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn versions_outside_the_root_are_found() {
        let good = "[dependencies]\na.workspace = true\nb = { workspace = true, features = [\n  \"x\",\n] }\n\
                    [dev-dependencies.c]\nworkspace = true\nfeatures = [\"y\"]\n[lints]\nworkspace = true\n";
        assert!(lines(good).is_empty());
        let bad = "[lints]\nworkspace = true\n[dependencies]\na = \"1\"\nb = { version = \"1\" }\n\
                   [target.'cfg(unix)'.dependencies]\nc = \"1\"\n[dependencies.d]\nversion = \"1\"\n";
        assert_eq!(lines(bad), [4, 5, 7, 9]);
    }

    #[test]
    fn missing_lints_are_found() {
        assert_eq!(lines("[package]\nname = \"a\"\nversion.workspace = true\n"), [0]);
        assert!(lines("[package]\nname = \"a\"\n[workspace]\n").is_empty());
    }

    #[test]
    fn a_published_crate_needs_its_fields_and_published_crates() {
        let local = |kind: &str, version: &str| Dependency {
            name: "kit".into(),
            kind: kind.into(),
            version: version.into(),
            local: true,
        };
        let kit = || Package {
            name: "kit".into(),
            dir: "crates/kit".into(),
            ..Package::default()
        };
        let package = |dependency, missing_fields| Package {
            name: "a".into(),
            dir: "crates/a".into(),
            published: true,
            dependencies: vec![dependency],
            missing_fields,
            ..Package::default()
        };
        assert!(packages(&[kit(), package(local("dev", "*"), vec![])]).is_empty());
        assert_eq!(packages(&[kit(), package(local("normal", "*"), vec![])]).len(), 1);
        assert_eq!(packages(&[kit(), package(local("dev", "^0.1"), vec![])]).len(), 1);
        assert_eq!(
            packages(&[kit(), package(local("dev", "*"), vec!["readme"])]).len(),
            1
        );
        let test_package = Package {
            published: true,
            dir: "tests".into(),
            ..Package::default()
        };
        assert_eq!(packages(&[test_package]).len(), 1);
    }
}
