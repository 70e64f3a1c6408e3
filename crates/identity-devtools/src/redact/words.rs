//! What looks like words, and what looks like a secret.
//!
//! A secret without a name is told by how it looks: drawn by lot. Paths, addresses and names of errors are as long, but made of words. So each character of
//! a run is charged what it takes, in bits, to say it after the one before if the run is made of words; one that is drawn from 64 takes six bits each, and
//! more by this measure, since few of its letters follow each other in words. A run is shown when none of its parts of 16 characters is too dear.
//!
//! Of 16 letters and digits drawn by lot, about one in 100,000 is cheap enough to be shown; of 32, none in any number that matters.

use crate::answer::is_guid;

/// So many characters in a row are judged together. What is shorter isn't told from a word.
const WINDOW: usize = 16;
/// What these may take and be shown. Of names in the sources of Azure CLI six in seven take less; of what is drawn by lot, hardly any.
const MAX_BITS: u32 = 76;
/// A mark between words, as `/` and `.`.
const MARK: u32 = 3;
/// A mark after a mark, which words rarely have between them.
const MARK_AFTER_MARK: u32 = 6;
/// The second one of `//`, which begins addresses.
const SLASH_AFTER_SLASH: u32 = 1;
/// A capital that begins a word within a name.
const HUMP: u32 = 2;
/// A capital after a capital.
const CAPITAL: u32 = 1;
/// A digit after a letter, beyond the end of the word.
const DIGIT_AFTER_LETTER: u32 = 5;
/// A digit after a digit.
const DIGIT: u32 = 6;
/// A letter after a digit, beyond the beginning of the word.
const LETTER_AFTER_DIGIT: u32 = 6;
/// A character of a GUID, which names something and is no secret.
const GUID: u32 = 4;
/// What a letter takes that the table doesn't have.
const RARE: u32 = 15;

/// How many bits a letter takes after another in words of the tools' messages and of their sources, in hexadecimal. The first row is for the beginning of a
/// word, the others for `a` to `z`; the columns are `a` to `z` and the word's end.
const BITS: [&[u8; 27]; 27] = [
    b"45444556487555548434565888c",
    b"7544975a5a7344b5b3425787665",
    b"3766397845927646b5473ab9583",
    b"3a6839a35b4478279463589b7b4",
    b"4785288939968757a65758897b1",
    b"584466698a955386733496757a2",
    b"4a7744892ba4783774655a8a6c3",
    b"487929654cb67567c447489c992",
    b"398729a93b877839c5745abb6b3",
    b"5645555b9b945235a544a6b7c56",
    b"4c7819cc6c787936c7383c6c8c3",
    b"587728694ca595679846595c9a2",
    b"3785269a3b948836b85558ab5a3",
    b"2596298a4b875843c9565aaa7c3",
    b"484435395a678657b94366ab8b3",
    b"6654866969654254a35545589a5",
    b"397738775c848835a354588b5c3",
    b"589499cc89c5977896590c9ccc3",
    b"3856275a3b675637c644668a5b3",
    b"6a5838854b6778559843598a7b1",
    b"486737943ba67846b4555978592",
    b"5466466b4ca34374c3439bb7ba6",
    b"288c18972cb95657b888aa89bb4",
    b"287637943bb6943994479978bc3",
    b"573746974aa67a73c76299a6582",
    b"876767996bb66563b644987b891",
    b"4a7618c84cc67849c7784cac892",
];
/// The row of the beginning of a word.
const BEGINNING: usize = 0;
/// The column of the end of a word.
const END: usize = 26;

/// What secrets and what encodes them are written in, beside letters and digits.
pub(super) const fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/' | '~' | '%')
}

/// How long the run is that a text begins with. It goes on behind the end of a line: tools wrap what they say, within words if it comes to that.
pub(super) fn run(text: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let part = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        end += part;
        if part == 0 {
            return end;
        }
        let after = rest.get(part..).unwrap_or_default();
        let next = after.trim_start();
        let gap = after.len() - next.len();
        let is_wrapped = after.get(..gap).is_some_and(|gap| gap.contains(['\n', '\r']));
        if !is_wrapped || !next.starts_with(is_part) {
            return end;
        }
        end += gap;
    }
}

/// Whether a run may be shown.
pub(super) fn is_plain(run: &str) -> bool {
    let bits = bits(run);
    let mut sum: u32 = bits.iter().take(WINDOW).sum();
    if bits.len() < WINDOW {
        return true;
    }
    let mut dearest = sum;
    for (first, next) in bits.iter().zip(bits.iter().skip(WINDOW)) {
        sum = sum + next - first;
        dearest = dearest.max(sum);
    }
    dearest <= MAX_BITS
}

/// What stood before a character.
#[derive(Clone, Copy)]
enum Before {
    /// The beginning.
    Nothing,
    Mark(char),
    Digit,
    /// A small letter.
    Small(char),
    Capital(char),
}

/// What each character takes. White space takes nothing and isn't in it: it only ends a word.
fn bits(run: &str) -> Vec<u32> {
    let mut bits = Vec::with_capacity(run.len());
    let mut before = Before::Nothing;
    // What the end of the last word took, when white space ended it.
    let mut ended = 0;
    let mut at = 0;
    while let Some(rest) = run.get(at..).filter(|rest| !rest.is_empty()) {
        let begins_word = !run
            .get(..at)
            .unwrap_or_default()
            .ends_with(|c: char| c.is_ascii_alphanumeric());
        if begins_word && has_guid(rest) {
            bits.extend([GUID; GUID_BYTES]);
            before = Before::Nothing;
            at += GUID_BYTES;
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        at += c.len_utf8();
        if c.is_whitespace() {
            ended += end_of_word(before);
            before = Before::Nothing;
            continue;
        }
        bits.push(std::mem::take(&mut ended) + taken(before, c));
        before = match c {
            'a'..='z' => Before::Small(c),
            'A'..='Z' => Before::Capital(c),
            '0'..='9' => Before::Digit,
            _ => Before::Mark(c),
        };
    }
    bits
}

fn taken(before: Before, c: char) -> u32 {
    match (before, c) {
        (Before::Nothing | Before::Mark(_), 'a'..='z' | 'A'..='Z') => beginning(c),
        (Before::Digit, 'a'..='z' | 'A'..='Z') => LETTER_AFTER_DIGIT + beginning(c),
        (Before::Small(_), 'A'..='Z') => end_of_word(before) + HUMP + beginning(c),
        (Before::Capital(last), 'A'..='Z') => CAPITAL + letter(last, c),
        (Before::Small(last) | Before::Capital(last), 'a'..='z') => letter(last, c),
        (Before::Nothing | Before::Mark(_), '0'..='9') => MARK,
        (Before::Digit, '0'..='9') => DIGIT,
        (_, '0'..='9') => DIGIT_AFTER_LETTER + end_of_word(before),
        (Before::Mark('/'), '/') => SLASH_AFTER_SLASH,
        (Before::Mark(_), _) => MARK_AFTER_MARK,
        _ => MARK + end_of_word(before),
    }
}

fn beginning(c: char) -> u32 {
    entry(BEGINNING, column(c))
}

fn letter(before: char, c: char) -> u32 {
    entry(column(before) + 1, column(c))
}

/// What it takes that a word ends here, if one does.
fn end_of_word(before: Before) -> u32 {
    match before {
        Before::Small(last) | Before::Capital(last) => entry(column(last) + 1, END),
        Before::Nothing | Before::Mark(_) | Before::Digit => 0,
    }
}

fn column(letter: char) -> usize {
    usize::from(
        u8::try_from(letter)
            .unwrap_or_default()
            .to_ascii_lowercase()
            .wrapping_sub(b'a'),
    )
}

fn entry(row: usize, column: usize) -> u32 {
    let digit = BITS.get(row).and_then(|row| row.get(column));
    digit
        .and_then(|digit| char::from(*digit).to_digit(16))
        .unwrap_or(RARE)
}

const GUID_BYTES: usize = 36;

/// Whether a text begins with a GUID that is no part of something longer.
fn has_guid(text: &str) -> bool {
    text.get(..GUID_BYTES).is_some_and(is_guid)
        && !text
            .get(GUID_BYTES..)
            .unwrap_or_default()
            .starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_things_are_plain() {
        for name in [
            "",
            "az",
            "unrecognized",
            "//login.microsoftonline.com/organizations/oauth2/v2.0/token",
            "azure.core.exceptions.ManagedIdentityCredentialUnavailableException",
            "/usr/lib/python3.11/site-packages/azure/cli/core/auth/identity.py",
            "CERTIFICATE_VERIFY_FAILED",
            "HTTPSConnectionPool",
            "11111111-aaaa-4bbb-8ccc-222222222222",
            "/subscriptions/33333333-DDDD-4EEE-8fff-444444444444/resourceGroups",
            "2026-11-24T15",
            "AADSTS7000215",
        ] {
            assert!(is_plain(name), "{name}");
        }
    }

    #[test]
    fn what_is_drawn_by_lot_is_not_wherever_it_stands() {
        for secret in [
            "3fa85f64c7b94d02",
            "deadbeef00c0ffee",
            "Zq3x/9Pw.t1K+vR8",
            "kQ8vT2mX9cL4wZ7r",
            "k7f2q9x4m1z8w3v6",
            "qzxkvjwpgqhxzrtk",
            // Marks are cheap, many of them are not.
            "la_AA+0++0-D__d__A_a0_aL",
            // A GUID has its dashes elsewhere.
            "1111aaaa-22-bb3c4-d5e6-f70819",
        ] {
            for run in [
                secret.to_owned(),
                format!("//login.microsoftonline.com/{secret}/oauth2/authorize"),
                format!("/home/user/{secret}"),
                format!("11111111-aaaa-4bbb-8ccc-222222222222/{secret}"),
                format!("management\n  {}\n{}\nmanagement", &secret[..7], &secret[7..]),
            ] {
                assert!(!is_plain(&run), "{run}");
            }
        }
    }

    #[test]
    fn a_run_goes_on_behind_the_end_of_a_line() {
        for (text, run_of_it) in [
            ("abc def", "abc"),
            ("abc\ndef ghi", "abc\ndef"),
            ("abc\r\n\t def\n", "abc\r\n\t def"),
            ("a\n\n\nb", "a\n\n\nb"),
            ("a\n\"b", "a"),
            (" a", ""),
            ("a.b/c-d_e+f~g%h=i", "a.b/c-d_e+f~g%h"),
            ("é", ""),
            ("", ""),
        ] {
            assert_eq!(text.get(..run(text)), Some(run_of_it), "{text:?}");
        }
    }

    #[test]
    fn the_table_is_whole() {
        for row in BITS {
            assert!(row.iter().all(u8::is_ascii_hexdigit));
        }
        assert!(letter('t', 'h') < letter('q', 'z'));
    }
}
