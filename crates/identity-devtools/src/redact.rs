//! What of a tool's output may be shown: a short excerpt without anything that could be a secret.
//!
//! Tools print tokens where nobody expects them: in tracebacks, in echoed requests, beside an exit code of 1. So nothing of their output is quoted before
//! three things were taken out: whatever looks like a JWT, every value of a key that is called a token, secret, password, assertion or authorization, and
//! long runs of mixed letters and digits, as keys and secrets without a name are.

use identity_base::Foreign;

use crate::answer::is_guid;
use crate::output;

/// The longest excerpt, in bytes after escaping.
const MAX_EXCERPT_BYTES: usize = 200;
/// So much of an output is looked at for an excerpt.
const MAX_LOOKED_AT_BYTES: usize = 16 * 1024;
/// Stands where something was taken out.
const REDACTED: &str = "<redacted>";
/// A key whose name has one of these in it holds a secret.
const SECRET_NAMES: [&str; 5] = ["token", "secret", "password", "assertion", "authorization"];
/// Ends in a word for a secret, and is the name of a command.
const COMMAND: &str = "Get-AzAccessToken";
/// Begins the service's codes, which no value of a secret does.
const CODE: &str = "AADSTS";
/// From this length on a run of capitals, small letters and digits is taken for a key or a secret.
const OPAQUE_FROM: usize = 20;
/// A line that continues a secret has at least so many characters.
const CONTINUATION_FROM: usize = 8;

/// A short, escaped, one-line excerpt of an output without secrets; `None` when there is nothing in it.
pub(crate) fn excerpt(output: &[u8]) -> Option<String> {
    excerpt_of(&output::text(output))
}

/// The same of a text.
pub(crate) fn excerpt_of(text: &str) -> Option<String> {
    excerpt_edited(text, str::to_owned)
}

/// The same of what `edit` leaves of a text. It gets the text after secrets were taken out: lines and tags that it drops may be what tells a secret.
pub(crate) fn excerpt_edited(text: &str, edit: impl Fn(&str) -> String) -> Option<String> {
    let text = output::without_colours(text);
    let clean = edit(&redacted(beginning(&text)));
    let words: Vec<&str> = clean.split_whitespace().collect();
    let line = words.join(" ");
    (!line.is_empty()).then(|| Foreign::new(&line, MAX_EXCERPT_BYTES).to_string())
}

/// The part of a text that is looked at, cut at a character's end.
fn beginning(text: &str) -> &str {
    let cut = (0..=MAX_LOOKED_AT_BYTES.min(text.len()))
        .rev()
        .find_map(|end| text.get(..end));
    cut.unwrap_or_default()
}

/// The text with everything replaced that could be a secret.
fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut before = ' ';
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let starts_word = !is_word(before);
        let hidden = match () {
            () if rest.starts_with("eyJ") => jwt(rest).map(|end| (0, end)),
            () if starts_word => named(rest).or_else(|| opaque(rest).map(|end| (0, end))),
            () => None,
        };
        if let Some((shown, end)) = hidden {
            out.push_str(rest.get(..shown).unwrap_or_default());
            out.push_str(REDACTED);
            at += end.max(1);
            before = ' ';
            continue;
        }
        let Some(character) = rest.chars().next() else {
            break;
        };
        out.push(character);
        before = character;
        at += character.len_utf8();
    }
    out
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// What JWTs and what encodes them are written in.
const fn is_token(c: char) -> bool {
    is_word(c) || matches!(c, '.' | '+' | '/' | '=' | '~' | '%')
}

/// The length of the characters at the start of which `test` holds.
fn run(text: &str, test: impl Fn(char) -> bool) -> usize {
    text.find(|c| !test(c)).unwrap_or(text.len())
}

/// A run that begins as JSON in base64 does: how long it is.
fn jwt(rest: &str) -> Option<usize> {
    let end = run(rest, is_token);
    (end >= 10).then(|| continued(rest, end))
}

/// A run without a name that no word, number, GUID or path looks like: how long it is.
fn opaque(rest: &str) -> Option<usize> {
    let end = run(rest, |c| is_word(c) || matches!(c, '+' | '=' | '~' | '%'));
    let text = rest.get(..end)?;
    (end >= OPAQUE_FROM && is_mixed(text) && !is_guid(text)).then(|| continued(rest, end))
}

/// Capitals and small letters, with digits among them or in an order that no name has: in `CamelCaseNames` the kind of character changes twice a word, in
/// what is random at more than every second one.
fn is_mixed(text: &str) -> bool {
    let kind = |c: char| (c.is_ascii_uppercase(), c.is_ascii_lowercase(), c.is_ascii_digit());
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let changes = text
        .chars()
        .zip(text.chars().skip(1))
        .filter(|(a, b)| kind(*a) != kind(*b))
        .count();
    text.contains(|c: char| c.is_ascii_uppercase())
        && text.contains(|c: char| c.is_ascii_lowercase())
        && (digits >= 2 || changes * 3 > text.len())
}

/// A key that names a secret, and its value: how much of it is shown, and where it ends.
fn named(rest: &str) -> Option<(usize, usize)> {
    let word = rest.get(..run(rest, is_word))?;
    let after_word = rest.get(word.len()..)?;
    if word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic") {
        let start = word.len() + run(after_word, char::is_whitespace);
        let end = start + run(rest.get(start..)?, is_token);
        return (start > word.len() && end - start >= CONTINUATION_FROM)
            .then(|| (start, continued(rest, end)));
    }
    let lower = word.to_ascii_lowercase();
    if word == COMMAND || !SECRET_NAMES.iter().any(|name| lower.contains(name)) {
        return None;
    }
    // The quotes around the key, also escaped ones, then what separates it from its value.
    let separator = run(after_word, |c| {
        matches!(c, '"' | '\'' | '\\') || c.is_whitespace()
    });
    let mut start = word.len() + separator;
    match rest.get(start..)?.chars().next()? {
        ':' | '=' | '>' => start += 1,
        // `--client-secret VALUE`
        _ if word.starts_with("--") && separator > 0 => {}
        _ => return None,
    }
    start += run(rest.get(start..)?, |c| c == '>' || c.is_whitespace());
    let hidden = rest.get(start..)?;
    let end = start + value(hidden);
    // "fetching token: AADSTS…": a sentence, not a key.
    (end > start && !hidden.starts_with(CODE)).then_some((start, end))
}

/// How long the value is that a text begins with.
fn value(text: &str) -> usize {
    // Python writes `b'…'`.
    let prefix = usize::from(
        text.starts_with(['b', 'u', 'r']) && text.get(1..).is_some_and(|rest| rest.starts_with(['"', '\''])),
    );
    let text_after = text.get(prefix..).unwrap_or_default();
    let mut characters = text_after.chars();
    match characters.next() {
        None => 0,
        // Whatever is in there.
        Some('{' | '[' | '(') => text.len(),
        Some(quote @ ('"' | '\'')) => prefix + 1 + quoted(characters.as_str(), quote),
        Some('\\') => match characters.next() {
            Some(quote @ ('"' | '\'')) => {
                let inside = characters.as_str();
                let end = inside
                    .find(&format!("\\{quote}"))
                    .map_or(inside.len(), |at| at + 2);
                prefix + 2 + end
            }
            _ => bare(text),
        },
        Some(_) => bare(text),
    }
}

/// How long a text in quotes is from behind the opening one, the closing one included; all of it when there is none.
fn quoted(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    inside.len()
}

/// How long a value without quotes is.
fn bare(text: &str) -> usize {
    let is_end = |c: char| {
        c.is_whitespace() || matches!(c, '&' | ',' | ';' | '"' | '\'' | '<' | '>' | '}' | ']' | ')')
    };
    let end = run(text, |c| !is_end(c));
    let scheme = text.get(..end).unwrap_or_default();
    if ["bearer", "basic", "pop"]
        .iter()
        .any(|name| scheme.eq_ignore_ascii_case(name))
    {
        let gap = run(text.get(end..).unwrap_or_default(), char::is_whitespace);
        let more = run(text.get(end + gap..).unwrap_or_default(), |c| !is_end(c));
        return continued(text, end + gap + more);
    }
    continued(text, end)
}

/// Where a value ends that lines may have been broken in: each following line of one long word belongs to it.
fn continued(text: &str, end: usize) -> usize {
    let mut end = end;
    while let Some(rest) = text.get(end..) {
        let Some(line_end) = ["\r\n", "\n", "\\\r\n", "\\\n"]
            .iter()
            .find(|text| rest.starts_with(**text))
        else {
            break;
        };
        let line = rest.get(line_end.len()..).unwrap_or_default();
        let indent = run(line, |c| matches!(c, ' ' | '\t'));
        let word = line.get(indent..).unwrap_or_default();
        let length = run(word, is_token);
        let is_alone = word.get(length..).is_some_and(|after| {
            after.is_empty() || after.starts_with(['\n', '\r', '"', '\'', ',', '}', '\\', '&'])
        });
        if length < CONTINUATION_FROM || !is_alone {
            break;
        }
        end += line_end.len() + indent + length;
    }
    end
}

#[cfg(test)]
mod tests;
