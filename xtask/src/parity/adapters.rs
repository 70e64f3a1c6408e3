//! The integration tests of the adapters, which are a workspace of their own that isn't built for this: read from their sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::compare::Tests;
use crate::error::{Context as _, Result};

const FOLDER: &str = "crates/adapters";

/// Adds the tests in `crates/adapters/*/tests/*.rs`: each is called by its file and its function, such as `examples::a_blob_is_read`.
pub(super) fn add(tests: &mut Tests, root: &Path) -> Result<()> {
    for package in entries(&root.join(FOLDER))? {
        let folder = package.join("tests");
        let name = package.file_name().and_then(|name| name.to_str());
        let (Some(name), true) = (name, folder.is_dir()) else {
            continue;
        };
        let known = tests.entry(name.to_owned()).or_default();
        for file in entries(&folder)? {
            let stem = file.file_stem().and_then(|stem| stem.to_str());
            let (Some(stem), true) = (stem, file.extension().is_some_and(|ending| ending == "rs")) else {
                continue;
            };
            let text = fs::read_to_string(&file).context(|| format!("cannot read {}", file.display()))?;
            known.extend(functions(&text).into_iter().map(|test| format!("{stem}::{test}")));
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let failed = || format!("cannot read {}", folder.display());
    fs::read_dir(folder)
        .context(failed)?
        .map(|entry| Ok(entry.context(failed)?.path()))
        .collect()
}

/// The functions below a test's attribute.
fn functions(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((_, rest)) = line.split_once("fn ") {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            if is_test {
                found.insert(name);
            }
            is_test = false;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::functions;

    #[test]
    fn only_functions_with_the_attribute_are_tests() {
        let text = "#[test]\nfn one() {}\nfn helper() {}\n#[cfg(unix)]\n#[tokio::test(flavor = \"x\")]\n#[ignore]\nasync fn two() {}\n// fn three\nfn three() {}";
        assert_eq!(functions(text).into_iter().collect::<Vec<_>>(), ["one", "two"]);
    }
}
