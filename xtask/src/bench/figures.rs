//! The last figures in the documentation.

use std::fs;
use std::path::Path;

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::workspace;

const DOCUMENT: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --write` -->\n";
const END: &str = "<!-- end of the figures -->\n";

/// Puts the tables in place, with the date and the machine above them.
pub(super) fn write(tables: &Path) -> Result {
    let read = |path: &Path| fs::read_to_string(path).context(|| format!("cannot read {}", path.display()));
    let document = workspace::root().join(DOCUMENT);
    let date = Cmd::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output()?;
    let head = format!("{}, {}.", date.trim(), machine());
    let text = replaced(&read(&document)?, &head, &read(tables)?)
        .ok_or_else(|| Error::new(format!("{DOCUMENT} has no place for the figures")))?;
    fs::write(&document, text).context(|| format!("cannot write {}", document.display()))?;
    println!("the figures are in {DOCUMENT}");
    Ok(())
}

fn replaced(document: &str, head: &str, tables: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{head}\n\n{tables}\n{END}{after}"))
}

/// Processors and memory, as far as the system says.
fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let model = value(&processors, "model name").unwrap_or("unknown processor");
    let kib = value(&memory, "MemTotal").and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    let gib = kib.map_or_else(|| "unknown".to_owned(), |kib| (kib / 1024 / 1024).to_string());
    format!("{cores} processors ({model}), {gib} GiB of memory")
}

/// The first value of a name in a list of `name: value`.
fn value<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let lines = list.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(known, _)| known.trim() == name);
    values.next().map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_figures_are_replaced() {
        let document = format!("head\n{BEGIN}old\n{END}tail\n");
        let text = replaced(&document, "today", "| new |\n").unwrap();
        assert_eq!(text, format!("head\n{BEGIN}\ntoday\n\n| new |\n\n{END}tail\n"));
        assert_eq!(replaced(&text, "today", "| new |\n").unwrap(), text);
        assert!(replaced("no place", "", "").is_none());
    }

    #[test]
    fn the_document_has_a_place_for_the_figures() {
        let document = fs::read_to_string(workspace::root().join(DOCUMENT)).unwrap();
        assert!(replaced(&document, "", "").is_some());
    }

    #[test]
    fn values_are_found_by_their_name() {
        assert_eq!(value("a : 1\nmodel name\t: X: Y\n", "model name"), Some("X: Y"));
        assert_eq!(value("a: 1\n", "b"), None);
    }
}
