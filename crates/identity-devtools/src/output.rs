//! What a tool printed, as text and as the document in it.

use identity_runtime::json::{Json, JsonError};
use zeroize::Zeroizing;

/// So much of an output is looked at to see how it is encoded.
const MAX_BYTES_OF_ENCODING: usize = 512;

/// The text of an output: UTF-8, or UTF-16, with a byte order mark or without. What isn't text becomes replacement characters, which no token may hold.
pub(crate) fn text(output: &[u8]) -> Zeroizing<String> {
    match output {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ if has_zeros(output, 1) => utf16(output, u16::from_le_bytes),
        _ if has_zeros(output, 0) => utf16(output, u16::from_be_bytes),
        _ => {
            let output = output.strip_prefix(b"\xef\xbb\xbf").unwrap_or(output);
            Zeroizing::new(String::from_utf8_lossy(output).into_owned())
        }
    }
}

/// Whether more than half of the bytes at every other place are zeros, as one half of each letter is in UTF-16, and nothing is in other texts.
fn has_zeros(output: &[u8], offset: usize) -> bool {
    let looked_at = output.iter().take(MAX_BYTES_OF_ENCODING);
    let bytes = looked_at.skip(offset).step_by(2);
    let (zeros, all) = bytes.fold((0_usize, 0_usize), |(zeros, all), byte| {
        (zeros + usize::from(*byte == 0), all + 1)
    });
    zeros * 2 > all
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Zeroizing<String> {
    let pairs = bytes
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    let units: Zeroizing<Vec<u16>> = Zeroizing::new(pairs.map(unit).collect());
    Zeroizing::new(String::from_utf16_lossy(&units))
}

/// The JSON document that an output is, or that follows after warnings: the rest from the first line that opens an object.
///
/// # Errors
/// That of the whole output. It holds no part of it.
pub(crate) fn document(output: &[u8]) -> Result<Json, JsonError> {
    let text = text(output);
    Json::parse(text.as_bytes()).or_else(|error| {
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if line.trim_start().starts_with('{')
                && at > 0
                && let Some(rest) = text.get(at..)
                && let Ok(json) = Json::parse(rest.as_bytes())
            {
                return Ok(json);
            }
            at += line.len();
        }
        Err(error)
    })
}

/// The text without the escape sequences by which terminals are coloured.
pub(crate) fn without_colours(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        // Parameters and intermediates up to one final byte.
        let end = after
            .bytes()
            .position(|b| !matches!(b, 0x20..=0x3f))
            .unwrap_or(after.len());
        let is_sequence = after
            .as_bytes()
            .get(end)
            .is_some_and(|b| matches!(b, 0x40..=0x7e));
        rest = after.get(end + usize::from(is_sequence)..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_utf16(text: &str, encode: fn(u16) -> [u8; 2], mark: [u8; 2]) -> Vec<u8> {
        mark.into_iter()
            .chain(text.encode_utf16().flat_map(encode))
            .collect()
    }

    #[test]
    fn every_encoding_of_a_document_is_read() {
        let json = r#"{"accessToken": "t"}"#;
        for bytes in [
            json.as_bytes().to_vec(),
            format!("\u{feff}{json}\r\n").into_bytes(),
            in_utf16(json, u16::to_le_bytes, [0xff, 0xfe]),
            in_utf16(json, u16::to_be_bytes, [0xfe, 0xff]),
            in_utf16(json, u16::to_le_bytes, [0xff, 0xfe]).split_off(2),
            in_utf16(json, u16::to_be_bytes, [0xfe, 0xff]).split_off(2),
            format!("WARNING: a newer version is there\n{json}\n").into_bytes(),
            format!("{{not this\n{{\"a\": 1,\n{json}").into_bytes(),
        ] {
            assert_eq!(
                document(&bytes).unwrap().text("accessToken"),
                Some("t"),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn what_is_no_document_is_an_error_without_the_text() {
        for bytes in [
            &b""[..],
            b"CNRYCNRY",
            b"\xff\xfe\x00",
            b"{\"CNRY\"",
            b"\xe9\xe8",
            b"x\n{\"a\":\n{",
        ] {
            let error = document(bytes).unwrap_err();
            assert!(!error.to_string().contains("CNRY"));
        }
        // A document with something after it is not cut out: what follows may be another answer.
        assert!(document(b"{\"a\": 1} {\"a\": 2}").is_err());
    }

    #[test]
    fn colours_are_taken_out_and_nothing_else() {
        assert_eq!(
            without_colours("\u{1b}[31;1merr\u{1b}[0mor\u{1b}[").as_str(),
            "error"
        );
        assert_eq!(
            without_colours("\u{1b}[K\u{1b}]0;x\u{7}é").as_str(),
            "\u{1b}]0;x\u{7}é"
        );
        assert_eq!(without_colours("\u{1b}[é").as_str(), "é");
        assert_eq!(without_colours("plain").as_str(), "plain");
    }
}
