//! `package`: packs every published crate and compiles what was packed.
//!
//! Cargo's own check of a package takes crates that it depends on from a cache of unpacked sources, by name and version.
//! While versions do not change, that is what they were at the first run. So what was packed is unpacked here into a
//! workspace of its own, in which the crates find each other.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::workspace::{self, Package, Workspace};

/// Endings of files that hold keys or recordings, which no package may carry.
const FORBIDDEN_ENDINGS: [&str; 8] = [".pem", ".key", ".pfx", ".p12", ".der", ".crt", ".env", ".log"];

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Looks at the lists of files, packs, unpacks, compiles.
pub(crate) fn check() -> Result {
    let workspace = Workspace::load()?;
    let published: Vec<_> = workspace.published().collect();
    for package in &published {
        let files = Cmd::cargo()
            .args(["package", "--list", "--allow-dirty", "--package", &package.name])
            .output()?;
        if let Some(problem) = problem_in(&files) {
            return Err(Error::new(format!("the package of {}: {problem}", package.name)));
        }
    }
    // One run for all, so that crates find each other although no registry has them yet.
    Cmd::cargo()
        .args(["package", "--quiet", "--locked", "--allow-dirty", "--no-verify"])
        .args(published.iter().flat_map(|package| ["--package", &package.name]))
        .run()?;
    let packed = workspace.target_dir.join("package");
    let folder = packed.join("unpacked");
    unpack(&published, &packed, &folder)?;
    Cmd::cargo()
        .args(["check", "--quiet", "--workspace", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&workspace.target_dir)
        .run()
}

/// Makes a workspace of the packed crates in `folder`, with the versions of others that our lock file names.
fn unpack(published: &[&Package], packed: &Path, folder: &Path) -> Result {
    if folder.exists() {
        fs::remove_dir_all(folder).context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).context(|| format!("cannot make {}", folder.display()))?;
    for package in published {
        let file = packed.join(format!("{}-{}.crate", package.name, package.version));
        Cmd::new("tar")
            .arg("-xzf")
            .arg(file)
            .arg("-C")
            .arg(folder)
            .run()?;
    }
    let root = workspace::root();
    let read = |name: &str| fs::read_to_string(root.join(name)).context(|| format!("cannot read {name}"));
    let write = |name: &str, text: String| {
        fs::write(folder.join(name), text)
            .context(|| format!("cannot write {name} into {}", folder.display()))
    };
    write("Cargo.lock", read("Cargo.lock")?)?;
    write("Cargo.toml", manifest(published, &read("Cargo.toml")?))
}

/// The manifest of the workspace of unpacked crates. The profiles are those of the root's, to share its builds.
fn manifest(published: &[&Package], root: &str) -> String {
    let mut text = "[workspace]\nresolver = \"3\"\nmembers = [\"*-*.*.*\"]\n\n[patch.crates-io]\n".to_owned();
    for Package { name, version, .. } in published {
        // Writing into a string does not fail.
        writeln!(text, "{name} = {{ path = \"{name}-{version}\" }}").ok();
    }
    let mut in_profile = false;
    for line in root.lines() {
        if line.starts_with('[') {
            in_profile = line.starts_with("[profile");
        }
        if in_profile {
            text += line;
            text += "\n";
        }
    }
    text
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

    #[test]
    fn unpacked_crates_find_each_other() {
        let package = Package {
            name: "a".into(),
            version: "0.1.0".into(),
            ..Package::default()
        };
        let root = "[workspace]\nmembers = [\"x\"]\n[profile.dev]\ndebug = 1\n[workspace.lints]\nx = 1\n";
        let expected = "[workspace]\nresolver = \"3\"\nmembers = [\"*-*.*.*\"]\n\n[patch.crates-io]\n\
                        a = { path = \"a-0.1.0\" }\n[profile.dev]\ndebug = 1\n";
        assert_eq!(manifest(&[&package], root), expected);
    }
}
