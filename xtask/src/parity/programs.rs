//! The tests that there are: what the test programs of the workspace list.

use std::path::Path;

use serde_json::Value;

use super::compare::Tests;
use crate::error::{Context as _, Result};
use crate::json::{flag, text};
use crate::shell::Cmd;
use crate::workspace::{Workspace, root};

/// Builds the test programs, as `test` does and with the same result, and asks each for its tests.
pub(super) fn list(workspace: &Workspace) -> Result<Tests> {
    let build = Cmd::cargo().args([
        "test",
        "--workspace",
        "--locked",
        "--tests",
        "--no-run",
        "--quiet",
        "--message-format=json-render-diagnostics",
    ]);
    build.announce();
    let messages = build.output()?;
    let mut tests = Tests::new();
    for package in &workspace.packages {
        tests.insert(package.name.clone(), std::collections::BTreeSet::new());
    }
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context(|| "a message of cargo's".to_owned())?;
        let Some((package, program)) = test_program(&message, workspace, &root()) else {
            continue;
        };
        let listed = Cmd::new(program).args(["--list", "--format", "terse"]).output()?;
        tests.entry(package).or_default().extend(names(&listed));
    }
    Ok(tests)
}

/// The package and the path of a test program, if the message tells of one.
fn test_program(message: &Value, workspace: &Workspace, root: &Path) -> Option<(String, String)> {
    let is_test = text(message, "reason") == "compiler-artifact"
        && message
            .get("profile")
            .is_some_and(|profile| flag(profile, "test"));
    let program = message.get("executable")?.as_str().filter(|_| is_test)?;
    // Benchmarks have no harness that could list them.
    let kinds = message
        .get("target")
        .map(|target| crate::json::texts(target, "kind"));
    if kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "bench")) {
        return None;
    }
    let dir = Path::new(text(message, "manifest_path")).parent()?;
    let dir = dir.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
    let package = workspace.packages.iter().find(|package| package.dir == dir)?;
    Some((package.name.clone(), program.to_owned()))
}

/// The names in a program's list.
fn names(listed: &str) -> impl Iterator<Item = String> {
    listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    #[test]
    fn test_programs_are_told_from_other_messages() {
        let package = Package {
            name: "ours".to_owned(),
            dir: "crates/ours".to_owned(),
            ..Package::default()
        };
        let workspace = Workspace {
            packages: vec![package],
            target_dir: "/r/target".into(),
        };
        let message = |reason: &str, test: bool, executable: Option<&str>| {
            serde_json::json!({
                "reason": reason, "manifest_path": "/r/crates/ours/Cargo.toml", "executable": executable,
                "profile": { "test": test }, "target": { "kind": ["test"] },
            })
        };
        let found = |message: &Value| test_program(message, &workspace, Path::new("/r"));
        let good = message("compiler-artifact", true, Some("/r/target/it"));
        assert_eq!(found(&good), Some(("ours".to_owned(), "/r/target/it".to_owned())));
        for other in [
            message("build-finished", true, Some("/r/target/it")),
            message("compiler-artifact", false, Some("/r/target/it")),
            message("compiler-artifact", true, None),
        ] {
            assert_eq!(found(&other), None, "{other}");
        }
    }

    #[test]
    fn names_are_those_of_tests_alone() {
        let listed = "a::b: test\nc: benchmark\n\nd: test\n";
        assert_eq!(names(listed).collect::<Vec<_>>(), ["a::b", "d"]);
    }
}
