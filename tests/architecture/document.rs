//! The document itself.

use std::path::{Path, PathBuf};

/// The root folder of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The text below the heading that has `word` in it, up to the next heading.
pub(crate) fn section(word: &str) -> String {
    let text = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let lines = text
        .lines()
        .skip_while(|line| !(line.starts_with('#') && line.contains(word)))
        .skip(1)
        .take_while(|line| !line.starts_with('#'));
    let section = lines.collect::<Vec<_>>().join("\n");
    assert!(!section.is_empty(), "there is no section on {word}");
    section
}

/// Puts `rows` in the place of the rows of the table below the heading that has `word` in it.
pub(crate) fn replace_rows(word: &str, rows: &[String]) {
    let path = root().join("docs/ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut lines, mut inside) = (Vec::new(), false);
    for line in text.lines() {
        if line.starts_with('#') {
            inside = line.contains(word);
        }
        if !(inside && line.starts_with("| `")) {
            lines.push(line);
        }
        if inside && line.starts_with("|---") {
            lines.extend(rows.iter().map(String::as_str));
        }
    }
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
}
