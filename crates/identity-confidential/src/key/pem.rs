//! PEM: the blocks of a text, tolerant of what surrounds them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::trouble::Trouble;

/// Standard Base64 with or without padding, and whatever the unused last bits are: OpenSSL takes all of these.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
/// Longer labels don't occur; what follows `BEGIN` is then something else.
const MAX_LABEL: usize = 64;
/// A chain with more blocks than this is a mistake, such as a whole trust store.
const MAX_BLOCKS: usize = 100;

/// One block, decoded.
pub(crate) struct Block<'a> {
    /// `CERTIFICATE`, `PRIVATE KEY`, …
    pub(crate) label: &'a str,
    /// The value of the `DEK-Info` header, which says how a traditional key is encrypted.
    pub(crate) dek_info: Option<&'a str>,
    /// The line it begins at.
    pub(crate) line: usize,
    /// The contents.
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// Whether a file is PEM rather than something binary.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    bytes
        .windows(BEGIN.len())
        .any(|window| window == BEGIN.as_bytes())
}

/// All blocks of `text`, in order. Text between them is skipped; line ends may be of any kind, or spaces.
///
/// # Errors
/// [`Trouble::MalformedPem`] naming the line, for a block that is not closed, closed by another label, or not Base64.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block<'_>>, Trouble> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let line = line_of(text, after);
        let malformed = |why: String| Trouble::MalformedPem { line, why };
        let Some((label, body)) = after
            .split_once(DASHES)
            .filter(|(label, _)| label.len() <= MAX_LABEL && !label.contains(['\n', '\r']))
        else {
            return Err(malformed("the BEGIN line has no end".to_owned()));
        };
        let Some((body, end)) = body.split_once(DASHES) else {
            return Err(malformed(format!("the {} block is not closed", shown(label))));
        };
        let Some(after_end) = end
            .strip_prefix("END ")
            .and_then(|end| end.strip_prefix(label))
            .and_then(|end| end.strip_prefix(DASHES))
        else {
            return Err(malformed(format!(
                "the {} block is not closed by an END line of the same name",
                shown(label)
            )));
        };
        if found.len() == MAX_BLOCKS {
            return Err(malformed(format!("more than {MAX_BLOCKS} blocks")));
        }
        found.push(decode(label, body, line)?);
        rest = after_end;
    }
    Ok(found)
}

/// Splits headers from Base64, and decodes that.
fn decode<'a>(label: &'a str, body: &'a str, line: usize) -> Result<Block<'a>, Trouble> {
    let mut dek_info = None;
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    for part in body.split(['\n', '\r']) {
        // Base64 has no colon, headers do.
        match part.split_once(':') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("DEK-Info") => {
                dek_info = Some(value.trim())
            }
            Some(_) => {}
            None => base64.extend(part.chars().filter(|c| !c.is_ascii_whitespace())),
        }
    }
    let mut der = Zeroizing::new(Vec::with_capacity(base64.len()));
    LENIENT
        .decode_vec(base64.as_bytes(), &mut der)
        .ok()
        .filter(|()| !der.is_empty())
        .ok_or_else(|| {
            let why = match base64.contains("\\n") {
                true => "its line breaks are written as \\n; replace them by real ones".to_owned(),
                false => format!("the contents of the {} block are not Base64", shown(label)),
            };
            Trouble::MalformedPem { line, why }
        })?;
    Ok(Block {
        label,
        dek_info,
        line,
        der,
    })
}

/// Base64 without any armour, as secret stores hand PKCS#12 files out.
pub(crate) fn bare_base64(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    text.extend(bytes.iter().filter(|byte| !byte.is_ascii_whitespace()));
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    LENIENT.decode_vec(text.as_slice(), &mut decoded).ok()?;
    (!decoded.is_empty()).then_some(decoded)
}

/// The line of `text` at which its part `at` begins.
fn line_of(text: &str, at: &str) -> usize {
    let before = text.len().saturating_sub(at.len());
    1 + text.bytes().take(before).filter(|byte| *byte == b'\n').count()
}

/// A label, made safe to show.
fn shown(label: &str) -> identity_base::Foreign<'_> {
    identity_base::Foreign::new(label, MAX_LABEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<(String, Vec<u8>)> {
        blocks(text)
            .unwrap()
            .into_iter()
            .map(|block| (block.label.to_owned(), block.der.to_vec()))
            .collect()
    }

    #[test]
    fn junk_line_ends_and_spaces_do_not_matter() {
        let expected = vec![("A B".to_owned(), vec![1, 2, 3, 4]), ("C".to_owned(), vec![5])];
        for text in [
            "-----BEGIN A B-----\nAQID\nBA==\n-----END A B-----\n-----BEGIN C-----\nBQ==\n-----END C-----\n",
            "Bag Attributes: x\r\n-----BEGIN A B-----\r\nAQIDBA==\r\n-----END A B-----\r\njunk - - ---\r\n-----BEGIN C-----\r\nBQ==\r\n-----END C-----",
            "-----BEGIN A B-----\rAQIDBA\r-----END A B-----\r-----BEGIN C-----\rBQ\r-----END C-----\r",
            "-----BEGIN A B----- AQID BA== -----END A B----------BEGIN C-----BQ==-----END C-----",
            "\u{e4}\n-----BEGIN A B-----\nProc-Type: 4\n\n  AQIDBA==  \n-----END A B-----\n-----BEGIN C-----\nBR==\n-----END C-----",
        ] {
            assert_eq!(labels(text), expected, "{text:?}");
        }
    }

    #[test]
    fn headers_are_read() {
        let found = blocks(
            "-----BEGIN K-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\nAQ==\n-----END K-----",
        )
        .unwrap();
        assert_eq!(found[0].dek_info, Some("AES-256-CBC,00FF"));
        assert_eq!(*found[0].der, [1]);
    }

    #[test]
    fn malformed_blocks_name_their_line() {
        for (text, line, part) in [
            ("\n\n-----BEGIN A-----\nAQ==\n", 3, "not closed"),
            ("-----BEGIN A-----\nAQ==\n-----END B-----", 1, "same name"),
            (
                "-----BEGIN A-----\n-----BEGIN A-----\nAQ==\n-----END A-----",
                1,
                "same name",
            ),
            ("\n-----BEGIN A-----\n!!!!\n-----END A-----", 2, "not Base64"),
            ("-----BEGIN A-----\n-----END A-----", 1, "not Base64"),
            ("-----BEGIN A", 1, "no end"),
            ("-----BEGIN A-----\\nAQ==\\n-----END A-----", 1, "written as"),
        ] {
            let Err(Trouble::MalformedPem { line: at, why }) = blocks(text) else {
                panic!("{text:?} was accepted");
            };
            assert_eq!(at, line, "{text:?}");
            assert!(why.contains(part), "{text:?}: {why}");
        }
        assert!(blocks(&"-----BEGIN A-----\nAQ==\n-----END A-----\n".repeat(MAX_BLOCKS + 1)).is_err());
    }
}
