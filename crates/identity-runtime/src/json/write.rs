//! Writing.

use zeroize::Zeroizing;

use super::Json;

/// The whole text of `json`: on one line, or with so many spaces of indentation a level.
///
/// It is measured first, so that no copy of a secret is left behind by a buffer that had to grow.
pub(super) fn document(json: &Json, indentation: Option<usize>) -> Zeroizing<String> {
    let mut length = Length(0);
    Writer::new(&mut length, indentation).value(json);
    let mut out = Zeroizing::new(String::with_capacity(length.0));
    Writer::new(&mut *out, indentation).value(json);
    out
}

/// What a text is written to.
trait Sink {
    fn text(&mut self, text: &str);
    fn character(&mut self, character: char);
}

impl Sink for String {
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }

    fn character(&mut self, character: char) {
        self.push(character);
    }
}

/// Measures.
struct Length(usize);

impl Sink for Length {
    fn text(&mut self, text: &str) {
        self.0 += text.len();
    }

    fn character(&mut self, character: char) {
        self.0 += character.len_utf8();
    }
}

struct Writer<'a, S> {
    out: &'a mut S,
    indentation: Option<usize>,
    level: usize,
}

impl<'a, S: Sink> Writer<'a, S> {
    const fn new(out: &'a mut S, indentation: Option<usize>) -> Self {
        Self {
            out,
            indentation,
            level: 0,
        }
    }

    fn value(&mut self, json: &Json) {
        match json {
            Json::Null => self.out.text("null"),
            Json::Bool(value) => self.out.text(if *value { "true" } else { "false" }),
            Json::Integer(value) => self.out.text(&value.to_string()),
            Json::Unsigned(value) => self.out.text(&value.to_string()),
            // With a point or an exponent, so that it stays a float.
            Json::Float(value) => self.out.text(&format!("{value:?}")),
            Json::Text(value) => self.text(value),
            Json::Array(items) => self.many(('[', ']'), items, Self::value),
            Json::Object(members) => self.many(('{', '}'), members, |writer, (name, value)| {
                writer.text(name);
                writer.out.text(": ");
                writer.value(value);
            }),
        }
    }

    fn many<T>(&mut self, (open, close): (char, char), items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.out.character(open);
        self.level += 1;
        for (at, item) in items.iter().enumerate() {
            match (at, self.indentation) {
                (0, None) => {}
                (_, None) => self.out.text(", "),
                (0, Some(_)) => self.new_line(),
                (_, Some(_)) => {
                    self.out.character(',');
                    self.new_line();
                }
            }
            write(self, item);
        }
        self.level -= 1;
        if self.indentation.is_some() && !items.is_empty() {
            self.new_line();
        }
        self.out.character(close);
    }

    fn new_line(&mut self) {
        self.out.character('\n');
        for _ in 0..self.indentation.unwrap_or(0) * self.level {
            self.out.character(' ');
        }
    }

    /// A text in quotes; everything outside ASCII as `\u` escapes.
    fn text(&mut self, value: &str) {
        self.out.character('"');
        for character in value.chars() {
            match character {
                '"' => self.out.text("\\\""),
                '\\' => self.out.text("\\\\"),
                '\n' => self.out.text("\\n"),
                '\r' => self.out.text("\\r"),
                '\t' => self.out.text("\\t"),
                ' '..='~' => self.out.character(character),
                other => {
                    for unit in other.encode_utf16(&mut [0; 2]) {
                        self.out.text(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        self.out.character('"');
    }
}
