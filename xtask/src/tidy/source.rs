//! A file, and of a Rust file the code without its comments and texts.

/// A text file of the workspace.
pub(super) struct Source {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// For Rust, the text with comments, strings and characters blanked, line for line; otherwise empty.
    pub(super) code: String,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let code = if path.ends_with(".rs") {
            Blanker::new(&text).run()
        } else {
            String::new()
        };
        Self { path, text, code }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether everything in the file is there for tests.
    pub(super) fn is_test(&self) -> bool {
        let path = &self.path;
        path.starts_with("tests/")
            || path.contains("/tests/")
            || path.ends_with("/tests.rs")
            || path.contains("/benches/")
    }

    /// The number of lines before the test module at the end, and of that module.
    pub(super) fn lengths(&self) -> (usize, usize) {
        let lines: Vec<_> = self.code.lines().collect();
        let starts_module = |at: usize| {
            let after = lines
                .iter()
                .skip(at)
                .map(|line| line.trim())
                .find(|line| !line.starts_with("#[") && !line.ends_with(")]"));
            after.is_some_and(|line| line.contains("mod ") && line.ends_with('{'))
        };
        let module = (0..lines.len()).find(|at| {
            lines
                .get(*at)
                .is_some_and(|line| line.starts_with("#[cfg(test)]"))
                && starts_module(*at)
        });
        let total = lines.len();
        module.map_or((total, 0), |at| (at, total - at))
    }
}

/// Replaces what is not code by spaces.
struct Blanker<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    out: String,
}

impl<'t> Blanker<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            rest: text.chars().peekable(),
            out: String::with_capacity(text.len()),
        }
    }

    fn run(mut self) -> String {
        while let Some(c) = self.rest.next() {
            match c {
                '/' if self.rest.peek() == Some(&'/') => self.line_comment(),
                '/' if self.rest.peek() == Some(&'*') => self.block_comment(),
                '"' => self.string(),
                'r' if !self.inside_word() && matches!(self.rest.peek(), Some('"' | '#')) => self.raw(),
                '\'' => self.quote(),
                c => self.out.push(c),
            }
        }
        self.out
    }

    /// Whether the letter just taken continues a word: `b` and `c` may stand before a raw string.
    fn inside_word(&self) -> bool {
        let mut before = self.out.chars().rev();
        let last = match before.next() {
            Some('b' | 'c') => before.next(),
            last => last,
        };
        last.is_some_and(|c| c.is_alphanumeric() || c == '_')
    }

    fn blank(&mut self, c: char) {
        self.out.push(if c == '\n' { '\n' } else { ' ' });
    }

    fn line_comment(&mut self) {
        self.blank(' ');
        while let Some(c) = self.rest.next_if(|c| *c != '\n') {
            self.blank(c);
        }
    }

    fn block_comment(&mut self) {
        self.blank(' ');
        let (mut depth, mut before) = (0_usize, '/');
        while let Some(c) = self.rest.next() {
            self.blank(c);
            match (before, c) {
                ('/', '*') => (depth, before) = (depth + 1, ' '),
                ('*', '/') => (depth, before) = (depth.saturating_sub(1), ' '),
                _ => before = c,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.out.push('"');
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return self.out.push('"'),
                '\\' => {
                    self.blank(c);
                    if let Some(escaped) = self.rest.next() {
                        self.blank(escaped);
                    }
                }
                c => self.blank(c),
            }
        }
    }

    fn raw(&mut self) {
        self.out.push('r');
        let mut hashes = 0_usize;
        while self.rest.next_if_eq(&'#').is_some() {
            self.out.push('#');
            hashes += 1;
        }
        // Otherwise it is a raw name, `r#type`.
        if self.rest.next_if_eq(&'"').is_none() {
            return;
        }
        self.out.push('"');
        let mut closing: Option<usize> = None;
        while let Some(c) = self.rest.next() {
            closing = match (c, closing) {
                ('"', _) => Some(0),
                ('#', Some(seen)) => Some(seen + 1),
                _ => None,
            };
            if closing == Some(hashes) {
                return self.out.push('"');
            }
            self.blank(c);
        }
    }

    /// A character is blanked, a lifetime stays.
    fn quote(&mut self) {
        let mut ahead = self.rest.clone();
        let (first, second) = (ahead.next(), ahead.next());
        self.out.push('\'');
        if first == Some('\\') {
            self.blank(' ');
            self.rest.next();
            if let Some(escaped) = self.rest.next() {
                self.blank(escaped);
            }
            while let Some(c) = self.rest.next_if(|c| *c != '\'' && *c != '\n') {
                self.blank(c);
            }
        } else if second == Some('\'') && first.is_some_and(|c| c != '\'') {
            self.rest.next();
            self.blank(' ');
        } else {
            return;
        }
        if self.rest.next_if_eq(&'\'').is_some() {
            self.out.push('\'');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new("a.rs", text).code
    }

    #[test]
    fn comments_and_texts_are_blanked_and_code_stays() {
        assert_eq!(
            code("a /* x /* y */ z */ b // c\nd"),
            format!("a {} b {}\nd", " ".repeat(17), " ".repeat(4))
        );
        assert_eq!(
            code(r#"f("dbg!(\"x\")"); g"#),
            format!("f(\"{}\"); g", " ".repeat(11))
        );
        assert_eq!(
            code("r#\"a \" b\"# + br\"x\" + r#type"),
            "r#\"      \" + br\" \" + r#type"
        );
        assert_eq!(
            code("'a' '\\'' '\\u{1F}' &'a str 'x: loop"),
            "' ' '  ' '      ' &'a str 'x: loop"
        );
        assert_eq!(code("\"a\nb\"\nc").lines().count(), 3);
    }

    #[test]
    fn lengths_split_at_the_test_module() {
        let file = "//! D\nfn a() {}\n#[cfg(test)]\n#[expect(x, reason = \"y\")]\nmod tests {\n}\n";
        assert_eq!(Source::new("a.rs", file).lengths(), (2, 4));
        let declared = "//! D\n#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(Source::new("a.rs", declared).lengths(), (4, 0));
    }
}
