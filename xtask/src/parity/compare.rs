//! The comparison of a document with its list of cases and with the tests that there are.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::Cases;
use super::document::{Answer, Document, Row};
use super::items::Items;
use crate::workspace::root;

/// The most cases that may have no counterpart, in percent of a document's.
const MOST_NOT_APPLICABLE: f64 = 15.0;

/// Packages with the names of their tests.
pub(super) type Tests = BTreeMap<String, BTreeSet<String>>;

/// What of a document is covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) cases: usize,
    pub(super) not_applicable: usize,
    /// Distinct tests that are named.
    pub(super) tests: usize,
}

impl Share {
    /// The share that does not apply, in percent.
    #[expect(clippy::cast_precision_loss, reason = "there are some hundred cases")]
    pub(super) fn percent(self) -> f64 {
        match self.cases {
            0 => 0.0,
            cases => 100.0 * self.not_applicable as f64 / cases as f64,
        }
    }
}

/// Counts a document's cases and finds what is wrong with it.
pub(super) fn compare(
    cases: &Cases,
    document: &Document,
    tests: &Tests,
    items: &Items,
) -> (Share, Vec<String>) {
    let mut findings = Vec::new();
    let mut share = Share::default();
    let mut named = BTreeSet::new();
    for section in &document.sections {
        let heading = &section.heading;
        let Some((_, listed)) = cases.sections.iter().find(|(known, _)| known == heading) else {
            let known: Vec<_> = cases
                .sections
                .iter()
                .map(|(heading, _)| heading.as_str())
                .collect();
            findings.push(format!(
                "the list has no heading `{heading}`; it has {}",
                known.join("; ")
            ));
            continue;
        };
        let mut missing: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        let mut seen = BTreeSet::new();
        for row in &section.rows {
            for case in &row.cases {
                if !missing.remove(case.as_str()) {
                    let problem = if seen.contains(case) {
                        "stands in another row already"
                    } else {
                        "is not in the list of cases"
                    };
                    findings.push(format!("line {}: `{case}` {problem}", row.line));
                }
                seen.insert(case.clone());
            }
            share.cases += row.cases.len();
            match &row.answer {
                Answer::NotApplicable(reason) => {
                    share.not_applicable += row.cases.len();
                    if reason.is_empty() {
                        findings.push(format!("line {}: n/a without a reason", row.line));
                    }
                }
                Answer::Tests(found) => {
                    findings.extend(check_items(row, items));
                    findings.extend(check_tests(row, found, document, tests, &mut named));
                }
            }
        }
        findings.extend(
            missing
                .into_iter()
                .map(|case| format!("{heading}: the case `{case}` has no row")),
        );
    }
    for (heading, _) in &cases.sections {
        if !document
            .sections
            .iter()
            .any(|section| section.heading == *heading)
        {
            findings.push(format!("there is no table under the heading `{heading}`"));
        }
    }
    share.tests = named.len();
    if share.percent() > MOST_NOT_APPLICABLE {
        findings.push(format!(
            "{:.1} % of the cases do not apply, at most {MOST_NOT_APPLICABLE} % may",
            share.percent()
        ));
    }
    (share, findings)
}

/// Where a row has to name items of ours, they exist, and there is one.
fn check_items(row: &Row, items: &Items) -> Vec<String> {
    let Some(named) = &row.items else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if named.is_empty() {
        findings.push(format!(
            "line {}: names neither an item of ours nor `n/a`",
            row.line
        ));
    }
    let missing = named.iter().filter(|item| !items.has(item, &root()));
    findings
        .extend(missing.map(|item| format!("line {}: there is no public item or file `{item}`", row.line)));
    findings
}

/// The row's tests exist, and there is one.
fn check_tests(
    row: &Row,
    found: &[(Option<String>, String)],
    document: &Document,
    tests: &Tests,
    named: &mut BTreeSet<(String, String)>,
) -> Vec<String> {
    let mut findings = Vec::new();
    if found.is_empty() {
        findings.push(format!("line {}: names neither a test nor `n/a`", row.line));
    }
    for (word, test) in found {
        let package = match word {
            Some(word) if tests.contains_key(word) => word,
            _ => document.package.as_deref().unwrap_or_default(),
        };
        if tests.get(package).is_some_and(|known| known.contains(test)) {
            named.insert((package.to_owned(), test.clone()));
        } else {
            findings.push(format!("line {}: {package} has no test `{test}`", row.line));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, rows: &str) -> (Share, Vec<String>) {
        let document = format!(
            "Tests of `cargo test -p ours`.\n\n## T\n\n| peer's case | our test |\n|---|---|\n{rows}\n"
        );
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let tests = Tests::from([
            ("ours".to_owned(), names(&["m::one", "m::two"])),
            ("other".to_owned(), names(&["x::y"])),
        ]);
        compare(
            &Cases::parse(list).unwrap(),
            &Document::parse(&document),
            &tests,
            &Items::default(),
        )
    }

    /// As [`check`], of a table with a column of items.
    fn check_with_items(rows: &str) -> Vec<String> {
        let document = format!(
            "Tests of `cargo test -p ours`.\n\n## T\n\n| peer's item | ours | test | |\n|---|\n{rows}\n"
        );
        let tests = Tests::from([("ours".to_owned(), BTreeSet::from(["m::one".to_owned()]))]);
        let mut items = Items::default();
        items.add("pub fn some_crate::Thing::make() -> Self\npub struct some_crate::Thing(_)\n");
        let cases = Cases::parse("[T]\na\n").unwrap();
        compare(&cases, &Document::parse(&document), &tests, &items).1
    }

    #[test]
    fn a_row_of_items_that_exist_passes() {
        for item in ["Thing", "Thing::make", "some_crate::Thing", "xtask/Cargo.toml"] {
            let findings = check_with_items(&format!("| `a` | `{item}` | `m::one` | |"));
            assert_eq!(findings, Vec::<String>::new(), "{item}");
        }
    }

    #[test]
    fn a_row_that_names_what_is_not_there_fails() {
        for (row, problem) in [
            (
                "| `a` | `Thing::build` | `m::one` | |",
                "there is no public item or file `Thing::build`",
            ),
            (
                "| `a` | `Thing`, `Gone` | `m::one` | |",
                "there is no public item or file `Gone`",
            ),
            (
                "| `a` | `docs/gone.md` | `m::one` | |",
                "there is no public item or file `docs/gone.md`",
            ),
            (
                "| `a` | a thing | `m::one` | |",
                "names neither an item of ours nor",
            ),
            ("| `a` | `Thing` | `m::gone` | |", "ours has no test `m::gone`"),
            ("| `a` | `Thing` | | |", "names neither a test nor"),
        ] {
            let findings = check_with_items(row);
            assert!(
                findings.iter().any(|finding| finding.contains(problem)),
                "{problem}: {findings:?}"
            );
        }
    }

    #[test]
    fn a_complete_table_passes_and_is_counted() {
        let list = "[T]\na\nb\nc\nd\ne\nf\ng\n";
        let rows =
            "| `a`, `b`, `c`, `d` | `m::one` |\n| `e`, `f` | `m::one`, other `x::y` |\n| `g` | n/a: no |";
        let (share, findings) = check(list, rows);
        assert_eq!(findings, Vec::<String>::new());
        assert_eq!(
            share,
            Share {
                cases: 7,
                not_applicable: 1,
                tests: 2
            }
        );
    }

    #[test]
    fn each_fault_is_found() {
        for (list, rows, problem) in [
            ("[T]\na\nb\n", "| `a` | `m::one` |", "T: the case `b` has no row"),
            (
                "[T]\na\n",
                "| `a`, `z` | `m::one` |",
                "`z` is not in the list of cases",
            ),
            (
                "[T]\na\n",
                "| `a` | `m::one` |\n| `a` | `m::one` |",
                "`a` stands in another row already",
            ),
            ("[T]\na\n", "| `a` | `m::gone` |", "ours has no test `m::gone`"),
            (
                "[T]\na\n",
                "| `a` | other `m::one` |",
                "other has no test `m::one`",
            ),
            ("[T]\na\n", "| `a` | `x::y` |", "ours has no test `x::y`"),
            ("[T]\na\n", "| `a` | the engine's |", "names neither a test nor"),
            ("[T]\na\n", "| `a` | n/a |", "n/a without a reason"),
            (
                "[T]\na\n",
                "| `a` | n/a: no |",
                "100.0 % of the cases do not apply",
            ),
            (
                "[T]\na\n[U]\nb\n",
                "| `a` | `m::one` |",
                "no table under the heading `U`",
            ),
            (
                "[U]\na\n",
                "| `a` | `m::one` |",
                "the list has no heading `T`; it has U",
            ),
        ] {
            let (_, findings) = check(list, rows);
            assert!(
                findings.iter().any(|finding| finding.contains(problem)),
                "{problem}: {findings:?}"
            );
        }
    }
}
