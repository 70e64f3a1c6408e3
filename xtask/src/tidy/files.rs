//! The shape of files: what stands in the root folder, first lines, lengths.

use super::{Finding, Source};

/// What the root folder may hold, besides names that begin with a dot.
const TOP_LEVEL: [&str; 11] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "crates",
    "deny.toml",
    "docs",
    "target",
    "tests",
    "xtask",
];

/// Lines of a file before its tests. A longer one does more than one thing.
const MOST_CODE: usize = 400;
/// Lines of a test module at the end of a file; a longer one becomes a file of its own.
const MOST_INLINE_TESTS: usize = 150;
/// Lines of a file that is all tests.
const MOST_TESTS: usize = 600;
/// Lines of a `lib.rs` that are neither documentation nor blank: it is a table of contents.
const MOST_IN_LIB: usize = 120;

/// Names that do not belong into the root folder.
pub(super) fn top_level(names: &[String]) -> Vec<Finding> {
    let foreign = names
        .iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()));
    foreign
        .map(|name| Finding::new(name, 0, "does not belong in the root folder"))
        .collect()
}

/// First line and length.
pub(super) fn shape(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.is_rust() {
        return findings;
    }
    let path = &source.path;
    if !source.text.starts_with("//! ") {
        findings.push(Finding::new(
            path,
            1,
            "begins with no `//!` line that says what the file is for",
        ));
    }
    let (code, tests) = source.lengths();
    if source.is_test() {
        if code + tests > MOST_TESTS {
            findings.push(Finding::new(
                path,
                0,
                format!("{} lines of tests, at most {MOST_TESTS}", code + tests),
            ));
        }
        return findings;
    }
    if code > MOST_CODE {
        findings.push(Finding::new(
            path,
            0,
            format!("{code} lines before the tests, at most {MOST_CODE}"),
        ));
    }
    if tests > MOST_INLINE_TESTS {
        let message =
            format!("a test module of {tests} lines, at most {MOST_INLINE_TESTS}: give it a file of its own");
        findings.push(Finding::new(path, code + 1, message));
    }
    let contents = source
        .code
        .lines()
        .take(code)
        .filter(|line| !line.trim().is_empty())
        .count();
    if path.ends_with("src/lib.rs") && contents > MOST_IN_LIB {
        let message =
            format!("{contents} lines of code, at most {MOST_IN_LIB}: a lib.rs is a table of contents");
        findings.push(Finding::new(path, 0, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        shape(&Source::new(path, text))
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    fn lines(count: usize) -> String {
        format!("//! D\n{}", "fn a() {}\n".repeat(count - 1))
    }

    #[test]
    fn a_foreign_name_in_the_root_is_found() {
        let names = ["Cargo.toml", ".ci", "notes.txt"].map(str::to_owned);
        assert_eq!(
            top_level(&names),
            [Finding::new("notes.txt", 0, "does not belong in the root folder")]
        );
    }

    #[test]
    fn the_first_line_must_say_what_the_file_is_for() {
        assert!(messages("a.rs", "//! Does a.\n").is_empty());
        assert_eq!(messages("a.rs", "// Does a.\n").len(), 1);
        assert_eq!(messages("a.rs", "").len(), 1);
        assert!(messages("a.md", "# A\n").is_empty());
    }

    #[test]
    fn long_files_are_found() {
        assert!(messages("a.rs", &lines(MOST_CODE)).is_empty());
        assert_eq!(messages("a.rs", &lines(MOST_CODE + 1)).len(), 1);
        assert!(messages("crates/a/src/b/tests.rs", &lines(MOST_TESTS)).is_empty());
        assert_eq!(
            messages("crates/a/src/b/tests.rs", &lines(MOST_TESTS + 1)).len(),
            1
        );
    }

    #[test]
    fn long_test_modules_are_found() {
        let with = |count: usize| {
            format!(
                "//! D\n#[cfg(test)]\nmod tests {{\n{}}}\n",
                "a();\n".repeat(count - 3)
            )
        };
        assert!(messages("a.rs", &with(MOST_INLINE_TESTS)).is_empty());
        assert_eq!(messages("a.rs", &with(MOST_INLINE_TESTS + 1)).len(), 1);
    }

    #[test]
    fn a_library_file_with_code_is_found() {
        let documented = format!(
            "//! D\n{}{}",
            "//! Long documentation.\n".repeat(200),
            "mod a;\n".repeat(MOST_IN_LIB)
        );
        assert!(messages("crates/a/src/lib.rs", &documented).is_empty());
        assert_eq!(
            messages("crates/a/src/lib.rs", &format!("{documented}mod b;\n")).len(),
            1
        );
    }
}
