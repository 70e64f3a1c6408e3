//! Reads the text files of the workspace.

use std::fs;
use std::path::Path;

use super::Source;
use crate::error::{Context as _, Result};
use crate::workspace;

/// What the rules look at.
pub(super) struct Tree {
    pub(super) sources: Vec<Source>,
    /// The names in the root folder.
    pub(super) top_level: Vec<String>,
}

/// Endings of the files that are read.
const ENDINGS: [&str; 6] = [".rs", ".toml", ".md", ".py", ".sh", ".txt"];

/// Reads everything below the root but build results and what version control keeps.
pub(super) fn read() -> Result<Tree> {
    let root = workspace::root();
    let mut tree = Tree {
        sources: Vec::new(),
        top_level: Vec::new(),
    };
    for entry in fs::read_dir(&root).context(|| format!("cannot read {}", root.display()))? {
        let entry = entry.context(|| format!("cannot read {}", root.display()))?;
        tree.top_level
            .push(entry.file_name().to_string_lossy().into_owned());
    }
    tree.top_level.sort();
    walk(&root, "", &mut tree.sources)?;
    Ok(tree)
}

fn walk(dir: &Path, prefix: &str, sources: &mut Vec<Source>) -> Result {
    let unreadable = || format!("cannot read {}", dir.display());
    for entry in fs::read_dir(dir).context(unreadable)? {
        let entry = entry.context(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().context(unreadable)?;
        if kind.is_dir() && !skipped(&name) {
            walk(&entry.path(), &format!("{path}/"), sources)?;
        } else if kind.is_file() && (ENDINGS.iter().any(|ending| name.ends_with(ending)) || path == ".ci/run")
        {
            let text = fs::read_to_string(entry.path()).context(|| format!("cannot read {path}"))?;
            sources.push(Source::new(path, text));
        }
    }
    Ok(())
}

fn skipped(dir: &str) -> bool {
    matches!(dir, ".git" | "target" | "__pycache__" | "node_modules")
}
