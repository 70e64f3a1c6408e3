//! Help pages: texts with marks for what stands in a table of the code.

use crate::command::COMMANDS;
use crate::exit;
use crate::via;

/// How wide the first column of a table is.
const COLUMN: usize = 22;

/// The page of the program itself.
pub(crate) fn overview() -> String {
    render(include_str!("help/overview.txt"))
}

/// A page with its marks replaced: `{commands}`, `{exit codes}`, `{ways}` and `{variables}`.
pub(crate) fn render(page: &str) -> String {
    let rows = |rows: Vec<(String, &str)>| {
        let rows = rows.into_iter().map(|(name, text)| row(&name, text));
        rows.collect::<Vec<_>>().join("\n")
    };
    let commands = || {
        COMMANDS
            .iter()
            .map(|command| (command.name.to_owned(), command.summary))
            .collect()
    };
    let codes = || {
        exit::TABLE
            .iter()
            .map(|(exit, meaning)| (exit.code().to_string(), *meaning))
            .collect()
    };
    let ways = || {
        via::ALL
            .iter()
            .map(|way| (way.name.to_owned(), way.summary))
            .collect()
    };
    let variables = || {
        let mut seen: Vec<(String, &str)> = Vec::new();
        for (name, text) in via::ALL.iter().flat_map(|way| way.variables) {
            if seen.iter().all(|(known, _)| known != name) {
                seen.push(((*name).to_owned(), text));
            }
        }
        seen
    };
    page.replace("{commands}", &rows(commands()))
        .replace("{exit codes}", &rows(codes()))
        .replace("{ways}", &rows(ways()))
        .replace("{variables}", &rows(variables()))
}

fn row(name: &str, text: &str) -> String {
    if name.len() < COLUMN {
        format!("  {name:<COLUMN$}{text}")
    } else {
        format!("  {name}\n  {:<COLUMN$}{text}", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_fit_a_terminal_and_have_no_marks_left() {
        let pages = COMMANDS
            .iter()
            .map(|command| (command.name, render(command.page)))
            .chain([("overview", overview())]);
        for (name, page) in pages {
            for mark in ["{commands}", "{exit codes}", "{ways}", "{variables}", "\t"] {
                assert!(!page.contains(mark), "{name}: {mark}");
            }
            assert!(page.ends_with('\n'), "{name}");
            for line in page.lines() {
                assert!(line.chars().count() <= 100, "{name}: {line}");
                assert_eq!(line.trim_end(), line, "{name}");
            }
        }
    }

    #[test]
    fn every_page_has_an_example_and_names_what_it_is_for() {
        for command in COMMANDS {
            let page = render(command.page);
            assert!(
                page.starts_with(&format!("entra {}", command.name)),
                "{}",
                command.name
            );
            assert!(page.contains("\nExamples\n"), "{}", command.name);
        }
    }
}
