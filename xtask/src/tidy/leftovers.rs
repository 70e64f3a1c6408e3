//! What is left behind by work: unfinished code, tests switched off, traces of the place where it was written.

use super::{Finding, Source};

/// Found in code; comments and texts may speak of them.
const IN_CODE: [(&str, &str); 5] = [
    ("todo!", "unfinished code"),
    ("unimplemented!", "unfinished code"),
    ("dbg!", "a debugging aid"),
    ("#[ignore", "a test that does not run"),
    (
        "#[should_panic]",
        "passes with any panic: say which with `expected`",
    ),
];

/// Found anywhere in a text. In two parts each, so that this file holds none of them.
const IN_TEXT: [(&str, &str, &str); 12] = [
    ("FIX", "ME", "unfinished work"),
    ("XX", "X", "unfinished work"),
    ("TO", "DO", "unfinished work"),
    ("/wo", "rk/", "a path of one machine"),
    ("/ro", "ot/", "a path of one machine"),
    ("/tmp/br", "ief", "a path of one machine"),
    ("shared/ref", "erence", "refers to something outside the project"),
    ("this ses", "sion's", "refers to how the project was written"),
    ("earlier ses", "sion", "refers to how the project was written"),
    ("previous ses", "sion", "refers to how the project was written"),
    ("later ses", "sion", "refers to how the project was written"),
    ("other eng", "ineer", "refers to how the project was written"),
];

/// Begins an example in documentation.
const FENCE: &str = concat!("``", "`");

/// Looks at one file.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(source.code.lines()) {
        for (word, why) in IN_CODE {
            if contains_word(line, word) {
                findings.push(Finding::new(&source.path, number, format!("{word}: {why}")));
            }
        }
    }
    // Recorded data says what it says.
    if source.path.ends_with(".txt") {
        return findings;
    }
    for (number, line) in (1..).zip(source.text.lines()) {
        for (start, end, why) in IN_TEXT {
            let word = format!("{start}{end}");
            if contains_word(line, &word) {
                findings.push(Finding::new(&source.path, number, format!("{word}: {why}")));
            }
        }
        if line.contains(FENCE) && line.contains("ignore") {
            findings.push(Finding::new(
                &source.path,
                number,
                "an example that nobody compiles",
            ));
        }
        if names_an_issue(line) {
            findings.push(Finding::new(
                &source.path,
                number,
                "names an issue by its number: say what it is about",
            ));
        }
    }
    findings
}

/// Whether `word` stands in `line` and continues no other word.
fn contains_word(line: &str, word: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        let (first, last) = (word.chars().next(), word.chars().next_back());
        let joined_before = first.is_some_and(letter) && before.is_some_and(letter);
        let joined_after = last.is_some_and(letter) && after.is_some_and(letter);
        !joined_before && !joined_after
    })
}

fn names_an_issue(line: &str) -> bool {
    let lower = line.to_lowercase();
    lower.match_indices("issue ").any(|(at, word)| {
        let after = lower.get(at + word.len()..).unwrap_or_default();
        after
            .trim_start_matches('#')
            .starts_with(|c: char| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text))
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn each_word_in_code_is_found_and_may_be_spoken_of() {
        for (word, _) in IN_CODE {
            let text = format!("//! D\n    {word}(x);\n");
            assert_eq!(found("a.rs", &text).len(), 1, "{word}");
            assert!(
                found("a.rs", &format!("//! D\n// never {word} here\nf(\"{word}\");\n")).is_empty(),
                "{word}"
            );
        }
        assert!(found("a.rs", "//! D\nmy_todo!();\n").is_empty());
    }

    #[test]
    fn each_word_in_a_text_is_found() {
        for (start, end, _) in IN_TEXT {
            for path in ["a.rs", "a.md", "a.toml", ".ci/run"] {
                assert_eq!(
                    found(path, &format!("//! See {start}{end} x\n")).len(),
                    1,
                    "{start}{end} in {path}"
                );
            }
            assert!(found("a.txt", &format!("{start}{end}")).is_empty());
        }
        assert!(found("a.rs", &format!("//! EXX{}\n", "XY")).is_empty());
    }

    #[test]
    fn an_example_that_is_switched_off_is_found() {
        assert_eq!(found("a.rs", &format!("//! {FENCE}ignore\n")).len(), 1);
        assert_eq!(found("README.md", &format!("{FENCE}rust,ignore\n")).len(), 1);
        assert!(found("a.rs", &format!("//! {FENCE}no_run\n//! {FENCE}text\n")).is_empty());
    }

    #[test]
    fn numbers_of_issues_are_found() {
        for text in ["see iss", "See Iss"] {
            assert_eq!(found("a.md", &format!("{text}ue 3\n")).len(), 1);
            assert_eq!(found("a.md", &format!("{text}ue #12\n")).len(), 1);
        }
        assert!(
            found("a.md", concat!("tokens that we iss", "ue 3 times\n")).len() == 1,
            "a known limit: say it otherwise"
        );
        assert!(found("a.md", "we issue tokens\n").is_empty());
    }
}
