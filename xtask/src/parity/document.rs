//! A document with tables that set our tests beside a peer's cases.

/// How the first column of such a table is called.
const HEADS: [&str; 3] = ["| peer's case |", "| requirement |", HEAD_WITH_ITEMS];
/// The one with a second column that names our items; the tests are in the third.
const HEAD_WITH_ITEMS: &str = "| peer's item |";

/// What a document says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// The package whose tests those without a package are: the first that the text calls `cargo test -p …`.
    pub(super) package: Option<String>,
    pub(super) sections: Vec<Section>,
}

/// A heading and its table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// From 1.
    pub(super) line: usize,
    /// The peer's cases.
    pub(super) cases: Vec<String>,
    /// What of ours stands for them, in a table that has a column for it.
    pub(super) items: Option<Vec<String>>,
    pub(super) answer: Answer,
}

/// The column with the tests.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `n/a` and the reason.
    NotApplicable(String),
    /// Tests, each with the word before it, which may be a package.
    Tests(Vec<(Option<String>, String)>),
}

impl Document {
    pub(super) fn parse(text: &str) -> Self {
        let mut document = Self {
            package: text
                .split_once("cargo test -p ")
                .and_then(|(_, rest)| rest.split([' ', '`', '\n']).next())
                .map(str::to_owned),
            sections: Vec::new(),
        };
        let (mut heading, mut in_table, mut has_items) = ("", false, false);
        for (number, line) in text.lines().enumerate() {
            if let Some(text) = line.strip_prefix("## ") {
                heading = text;
            }
            let was_in_table = in_table;
            in_table = line.starts_with('|') && (in_table || HEADS.iter().any(|head| line.starts_with(head)));
            if !in_table || line.starts_with("|---") {
                continue;
            }
            if !was_in_table {
                has_items = line.starts_with(HEAD_WITH_ITEMS);
                document.sections.push(Section {
                    heading: heading.replace('`', ""),
                    rows: Vec::new(),
                });
                continue;
            }
            let row = line.trim().trim_start_matches('|').trim_end_matches('|');
            let (cases, rest) = row.split_once(" | ").unwrap_or((row, ""));
            let (items, answer) = match rest.split_once(" | ") {
                Some((items, rest)) if has_items && !items.trim().starts_with("n/a") => {
                    (Some(code(items)), rest.split(" | ").next().unwrap_or_default())
                }
                _ => (None, rest.split(" | ").next().unwrap_or_default()),
            };
            if let Some(section) = document.sections.last_mut() {
                section.rows.push(Row {
                    line: number + 1,
                    cases: names(cases),
                    items,
                    answer: Answer::parse(answer.trim()),
                });
            }
        }
        document
    }
}

impl Answer {
    fn parse(text: &str) -> Self {
        if let Some(reason) = text.strip_prefix("n/a") {
            return Self::NotApplicable(reason.trim_start_matches(':').trim().to_owned());
        }
        let mut tests = Vec::new();
        let mut before = "";
        for (number, part) in text.split('`').enumerate() {
            // Between the odd and the even one of the marks.
            let is_code = number % 2 == 1;
            let is_path = |part: &str| {
                part.contains("::")
                    && part
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "_:".contains(c))
            };
            if is_code && is_path(part) {
                let word = before.split_whitespace().next_back();
                tests.push((word.map(str::to_owned), part.to_owned()));
            }
            before = part;
        }
        Self::Tests(tests)
    }
}

/// What is marked as code.
fn code(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names in a cell: separated by commas, marked as code in part or as a whole, with notes in parentheses.
fn names(cell: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for c in cell.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    // A comma between two names, not one within the words after a name.
    plain
        .split(", `")
        .map(|name| {
            let words = name.replace('`', "");
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Title

Tests are those of `cargo test -p some-crate --lib`.

| code | meaning |
|---|---|
| 1 | not a table of cases |

## First `file.py`

| peer's case | our test, or why there is none |
|---|---|
| `a`, `b` (sync) | `m::one`, other-crate `m::two` (a note with `code`) |
| `Case` words, and more | n/a: there is no such thing as `x::y` |

Text.

## Second

| requirement | our tests |
|---|---|
| `c` (what it asks) | the engine's |
";

    #[test]
    fn tables_are_read_with_their_headings() {
        let document = Document::parse(TEXT);
        assert_eq!(document.package.as_deref(), Some("some-crate"));
        let headings: Vec<_> = document
            .sections
            .iter()
            .map(|section| section.heading.as_str())
            .collect();
        assert_eq!(headings, ["First file.py", "Second"]);
    }

    #[test]
    fn a_table_of_items_has_a_column_more() {
        let text = "## T\n\n| peer's item | ours | tests | difference |\n|---|---|---|---|\n\
                    | `a`, `b=10` | `A::b` of `A` | `m::one`, x `m::two` | not `c::d` |\n\
                    | `c` | n/a: no such thing | | |\n| `d` | none | | |\n";
        let document = Document::parse(text);
        let [section] = document.sections.as_slice() else {
            panic!("{document:?}")
        };
        let [full, none, empty] = section.rows.as_slice() else {
            panic!("{section:?}")
        };
        assert_eq!(full.cases, ["a", "b=10"]);
        assert_eq!(full.items, Some(vec!["A::b".to_owned(), "A".to_owned()]));
        let test = |word: Option<&str>, name: &str| (word.map(str::to_owned), name.to_owned());
        assert_eq!(
            full.answer,
            Answer::Tests(vec![test(None, "m::one"), test(Some("x"), "m::two")])
        );
        assert_eq!(none.items, None);
        assert_eq!(none.answer, Answer::NotApplicable("no such thing".to_owned()));
        assert_eq!(
            (&empty.items, &empty.answer),
            (&Some(Vec::new()), &Answer::Tests(Vec::new()))
        );
    }

    #[test]
    fn rows_have_names_tests_and_reasons() {
        let document = Document::parse(TEXT);
        let rows: Vec<_> = document
            .sections
            .iter()
            .flat_map(|section| &section.rows)
            .collect();
        let [both, none, vague] = rows.as_slice() else {
            panic!("{rows:?}")
        };
        assert_eq!(
            (both.line, &both.cases),
            (13, &vec!["a".to_owned(), "b".to_owned()])
        );
        let test = |word: Option<&str>, name: &str| (word.map(str::to_owned), name.to_owned());
        assert_eq!(
            both.answer,
            Answer::Tests(vec![test(None, "m::one"), test(Some("other-crate"), "m::two")])
        );
        assert_eq!(none.cases, ["Case words, and more"]);
        assert_eq!(
            none.answer,
            Answer::NotApplicable("there is no such thing as `x::y`".to_owned())
        );
        assert_eq!(vague.answer, Answer::Tests(Vec::new()));
    }
}
