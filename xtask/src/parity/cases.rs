//! A peer's test cases: a text file with a heading in brackets for each table and a case a line.

/// The cases of one document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cases {
    /// Why there is no document yet.
    pub(super) pending: Option<String>,
    /// Headings with their cases, in order.
    pub(super) sections: Vec<(String, Vec<String>)>,
}

impl Cases {
    /// Reads a file.
    ///
    /// # Errors
    /// A text that says which line can't be.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut cases = Self::default();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            let wrong = |what: &str| Err(format!("line {}: {what}: {line}", number + 1));
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(why) = line.strip_prefix("pending:") {
                cases.pending = Some(why.trim().to_owned());
                continue;
            }
            if let Some(heading) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                if cases.sections.iter().any(|(known, _)| known == heading) {
                    return wrong("a heading for the second time");
                }
                cases.sections.push((heading.to_owned(), Vec::new()));
                continue;
            }
            let Some((_, section)) = cases.sections.last_mut() else {
                return wrong("a case before the first heading");
            };
            if section.iter().any(|known| known == line) {
                return wrong("a case for the second time");
            }
            section.push(line.to_owned());
        }
        match cases.count() {
            0 => Err("there is no case".to_owned()),
            _ => Ok(cases),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.sections.iter().map(|(_, cases)| cases.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Cases;

    #[test]
    fn headings_cases_and_the_reason_for_waiting_are_read() {
        let cases = Cases::parse("# c\npending: soon\n\n[A, b]\none\n two words \n[B]\none\n").unwrap();
        assert_eq!(cases.pending.as_deref(), Some("soon"));
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            cases.sections,
            [
                ("A, b".to_owned(), texts(&["one", "two words"])),
                ("B".to_owned(), texts(&["one"]))
            ]
        );
        assert_eq!(cases.count(), 3);
    }

    #[test]
    fn what_can_not_be_is_told_with_its_line() {
        for (text, problem) in [
            ("", "there is no case"),
            ("[A]\n", "there is no case"),
            ("one\n", "line 1: a case before the first heading"),
            ("[A]\none\none\n", "line 3: a case for the second time"),
            ("[A]\none\n[A]\n", "line 3: a heading for the second time"),
        ] {
            let found = Cases::parse(text).unwrap_err();
            assert!(found.starts_with(problem), "{found}");
        }
    }
}
