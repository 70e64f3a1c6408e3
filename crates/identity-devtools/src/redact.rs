//! What of a tool's output may be shown: a short excerpt without anything that could be a secret.
//!
//! Tools print tokens where nobody expects them: in tracebacks, in echoed requests, beside an exit code of 1. So nothing of their output is quoted before
//! everything was taken out that has the name of a secret ([`names`]), the form of one (a JWT, a private key, the credentials in a URL), or the look of one
//! ([`words`]).

mod names;
mod words;

use identity_base::Foreign;

use crate::output;

/// The longest excerpt, in bytes after escaping.
const MAX_EXCERPT_BYTES: usize = 200;
/// So much of an output is looked at for an excerpt.
const MAX_LOOKED_AT_BYTES: usize = 16 * 1024;
/// Stands where something was taken out.
const REDACTED: &str = "<redacted>";
/// From this length on a run that begins as JSON in base64 does is a token.
const JWT_FROM: usize = 10;
/// Begins and ends keys and certificates.
const PEM: &str = "-----";

/// A short, escaped, one-line excerpt of an output without secrets; `None` when there is nothing in it.
pub(crate) fn excerpt(output: &[u8]) -> Option<String> {
    excerpt_of(&output::text(output))
}

/// The same of a text.
pub(crate) fn excerpt_of(text: &str) -> Option<String> {
    excerpt_edited(text, str::to_owned)
}

/// The same of what `edit` leaves of a text. It gets the text after secrets were taken out: lines that it drops may be what tells a secret.
pub(crate) fn excerpt_edited(text: &str, edit: impl Fn(&str) -> String) -> Option<String> {
    let text = output::without_colours(text);
    let clean = edit(&redacted(beginning(&text)));
    let words: Vec<&str> = clean.split_whitespace().collect();
    let line = words.join(" ");
    (!line.is_empty()).then(|| Foreign::new(&line, MAX_EXCERPT_BYTES).to_string())
}

/// The part of a text that is looked at, cut at a character's end, and before what the cut went through.
fn beginning(text: &str) -> &str {
    if text.len() <= MAX_LOOKED_AT_BYTES {
        return text;
    }
    let cut = (0..=MAX_LOOKED_AT_BYTES).rev().find_map(|end| text.get(..end));
    cut.unwrap_or_default().trim_end_matches(words::is_part)
}

/// The text with everything replaced that could be a secret.
fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // Up to here runs were found to be plain.
    let mut plain = 0;
    let mut before = ' ';
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let by_form = form(rest);
        let hidden = match by_form {
            None if !names::is_word(before) => names::named(rest),
            found => found,
        };
        let hidden = hidden.or_else(|| {
            if at < plain {
                return None;
            }
            let end = words::run(rest);
            plain = at + end;
            let is_plain = rest.get(..end).is_none_or(words::is_plain);
            (!is_plain).then_some((0, end))
        });
        if let Some((shown, end)) = hidden {
            out.push_str(rest.get(..shown).unwrap_or_default());
            out.push_str(REDACTED);
            // The padding of base64.
            let padding = rest
                .get(end..)
                .map_or(0, |rest| rest.len() - rest.trim_start_matches('=').len());
            at += end.max(1) + padding;
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

/// What is a secret by its form: how much of it is shown, and where it ends.
fn form(rest: &str) -> Option<(usize, usize)> {
    match () {
        () if rest.starts_with("eyJ") => {
            let end = words::run(rest);
            (end >= JWT_FROM).then(|| (0, names::continued(rest, end)))
        }
        () if rest.starts_with("-----BEGIN ") => {
            // To the end of its last line, or of all when that is missing.
            let end = rest.match_indices(PEM).nth(3);
            Some((0, end.map_or(rest.len(), |(at, dashes)| at + dashes.len())))
        }
        () if rest.starts_with("://") => {
            let after = rest.get(3..)?;
            let end = after
                .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>'));
            let host = after.get(..end.unwrap_or(after.len()))?;
            host.rfind('@').map(|at| (3, 3 + at))
        }
        () => None,
    }
}

#[cfg(test)]
mod tests;
