//! `api`: the public interface of every published library, compared with what is committed.
//!
//! `docs/public-api/CRATE.txt` holds one line an item, written by `--bless`; a change of the interface is then a change
//! that a reviewer sees. `docs/public-api/foreign-types.txt` is written by hand: it names the types of other projects
//! that may stand in our interfaces, since a new major version of theirs is one of ours as well.

mod foreign;
mod list;
mod render;
pub(crate) mod rustdoc;

use std::fs;
use std::path::Path;

use lexopt::Arg::Long;

use crate::error::{Context as _, Error, Result};
use crate::workspace::{self, Workspace};

const FOLDER: &str = "docs/public-api";
const FOREIGN_TYPES: &str = "foreign-types.txt";

pub(crate) fn run(mut args: lexopt::Parser) -> Result {
    let mut bless = false;
    while let Some(arg) = args.next()? {
        match arg {
            Long("bless") => bless = true,
            other => return Err(other.unexpected().into()),
        }
    }
    check(bless)
}

/// Fails where the interface differs from the committed lists.
pub(crate) fn compare() -> Result {
    check(false)
}

fn check(bless: bool) -> Result {
    let workspace = Workspace::load()?;
    let folder = workspace::root().join(FOLDER);
    let mut problems = Vec::new();
    let mut used = Vec::new();
    for package in workspace.published() {
        let Some(library) = package.library() else {
            continue;
        };
        let ours: Vec<_> = workspace
            .packages
            .iter()
            .filter_map(|package| package.library())
            .collect();
        let interface = list::interface(&rustdoc::json(&workspace, &package.name, library)?, &ours)?;
        used.extend(
            interface
                .foreign
                .into_iter()
                .map(|name| (package.name.clone(), name)),
        );
        let title = format!(
            "# Public interface of {}, all features. `cargo xtask api --bless` writes it.\n",
            package.name
        );
        let text = interface
            .lines
            .iter()
            .fold(title, |text, line| text + line + "\n");
        let path = folder.join(format!("{}.txt", package.name));
        if bless {
            write(&path, &text)?;
        } else {
            let committed = fs::read_to_string(&path).unwrap_or_default();
            problems.extend(
                difference(&committed, &text)
                    .into_iter()
                    .map(|line| format!("{}: {line}", package.name)),
            );
        }
    }
    let allowed = folder.join(FOREIGN_TYPES);
    let allowed = fs::read_to_string(&allowed).context(|| format!("cannot read {}", allowed.display()))?;
    problems.extend(
        foreign::compare(&used, &allowed)
            .into_iter()
            .map(|line| format!("{FOREIGN_TYPES}: {line}")),
    );
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "{} differences from {FOLDER}; `cargo xtask api --bless` takes over what is meant, {FOREIGN_TYPES} is edited by hand",
        problems.len()
    )))
}

/// The lines that only one of the two has, with `-` and `+`.
fn difference(committed: &str, now: &str) -> Vec<String> {
    let only = |of: &str, not_in: &str, sign: char| {
        let there: std::collections::BTreeSet<_> = not_in.lines().collect();
        let lines = of.lines().filter(move |line| !there.contains(line));
        lines.map(|line| format!("{sign}{line}")).collect::<Vec<_>>()
    };
    let mut lines = only(committed, now, '-');
    lines.extend(only(now, committed, '+'));
    lines
}

fn write(path: &Path, text: &str) -> Result {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(path, text).context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_what_went_and_what_came() {
        assert_eq!(difference("a\nb\n", "a\nc\n"), ["-b", "+c"]);
        assert!(difference("a\nb\n", "a\nb\n").is_empty());
    }
}
