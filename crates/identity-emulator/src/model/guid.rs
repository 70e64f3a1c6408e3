//! GUIDs: recognising them, and deriving stable ones from names.

use ring::digest::{SHA256, digest};

/// Whether `text` has the 8-4-4-4-12 form, in any case.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The same GUID for the same words, so that ids stay put from run to run.
pub(crate) fn derive(words: &[&str]) -> String {
    let mut text = String::from("identity-emulator");
    for word in words {
        text.push('\0');
        text.push_str(word);
    }
    let hash = digest(&SHA256, text.as_bytes());
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    format(bytes)
}

/// Formats sixteen bytes as a version 4 GUID.
fn format(mut bytes: [u8; 16]) -> String {
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for nibble in [byte >> 4, byte & 0x0f] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{derive, is_guid};

    #[test]
    fn derived_guids_are_guids_and_differ_by_word_boundaries() {
        let one = derive(&["ab", "c"]);
        assert!(is_guid(&one), "{one}");
        assert_eq!(one, derive(&["ab", "c"]));
        assert_ne!(one, derive(&["a", "bc"]));
        assert_eq!(one.as_bytes()[14], b'4');
    }

    #[test]
    fn only_the_dashed_form_is_a_guid() {
        assert!(is_guid("11111111-1111-1111-1111-11111111111F"));
        for wrong in [
            "",
            "contoso.test",
            "11111111111111111111111111111111",
            "11111111-1111-1111-1111-11111111111g",
        ] {
            assert!(!is_guid(wrong), "{wrong}");
        }
    }
}
