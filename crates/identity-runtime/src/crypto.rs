//! The few cryptographic helpers that credentials need, over ring. Other crates come here instead of depending on ring.

mod sealing;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use identity_base::seam::Random;
use identity_base::{Error, ErrorKind, Secret};
use ring::{digest, hmac};
use zeroize::Zeroizing;

pub use sealing::{open_sealed, seal};

/// The SHA-256 digest of `data`.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    fixed(&digest::digest(&digest::SHA256, data))
}

/// The SHA-1 digest of `data`. For certificate thumbprints alone: it protects nothing.
#[must_use]
pub fn sha1_thumbprint(data: &[u8]) -> [u8; 20] {
    fixed(&digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, data))
}

/// The HMAC-SHA-256 of `data` under `key`.
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    copy(tag.as_ref())
}

/// Compares in time that depends on the lengths only.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .fold(0u8, |all, (x, y)| all | std::hint::black_box(x ^ y))
            == 0
}

/// Base64url without padding, as in JWTs and PKCE.
#[must_use]
pub fn base64url(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// Standard base64 with padding.
#[must_use]
pub fn base64(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// Decodes base64, URL-safe or standard, padded or not, as services mix them.
///
/// # Errors
/// [`ErrorKind::Protocol`] when the text is not base64. The text is not part of the error.
pub fn decode_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let plain = Zeroizing::new(text.trim_end_matches('=').replace('+', "-").replace('/', "_"));
    URL_SAFE_NO_PAD
        .decode(plain.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| Error::new(ErrorKind::Protocol, "the text is not base64"))
}

/// `BYTES` random bytes as base64url text: 32 bytes make a `state`, `nonce` or code verifier of 43 characters.
///
/// # Errors
/// As [`Random::fill`].
pub fn random_text<const BYTES: usize>(random: &dyn Random) -> Result<Secret, Error> {
    let mut bytes = Zeroizing::new([0u8; BYTES]);
    random.fill(&mut *bytes)?;
    Ok(Secret::new(base64url(&*bytes)))
}

/// A random (version 4) GUID in lower case.
///
/// # Errors
/// As [`Random::fill`].
pub fn guid(random: &dyn Random) -> Result<String, Error> {
    let mut bytes = [0u8; 16];
    random.fill(&mut bytes)?;
    let mut value = u128::from_be_bytes(bytes);
    value = (value & !(0xf << 76)) | (0x4 << 76);
    value = (value & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{value:032x}");
    let mut text = String::with_capacity(36);
    for (position, character) in hex.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(character);
    }
    Ok(text)
}

/// The digest's bytes as an array.
fn fixed<const N: usize>(digest: &digest::Digest) -> [u8; N] {
    copy(digest.as_ref())
}

/// Copies as much as there is: the lengths are the algorithms' own.
fn copy<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0u8; N];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::SystemRandom;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn digests_match_the_published_vectors() {
        assert_eq!(
            hex(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hex(&sha1_thumbprint(b"abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn comparison_needs_every_byte() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"abc", b"abc"));
        for other in [&b"abd"[..], b"bbc", b"ab", b"abcd", b""] {
            assert!(!constant_time_eq(b"abc", other));
        }
    }

    #[test]
    fn both_alphabets_padded_or_not_are_decoded() {
        for text in ["-_8=", "-_8", "+/8=", "+/8"] {
            assert_eq!(&**decode_base64(text).unwrap(), &[0xfb, 0xff], "{text}");
        }
        for bad in ["*", "a", "CNRY CNRY", "é"] {
            let error = decode_base64(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(!format!("{error} {error:?}").contains("CNRY"));
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn guids_are_of_version_four_and_distinct() {
        let random = SystemRandom::new();
        let (a, b) = (guid(&random).unwrap(), guid(&random).unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 36);
        assert_eq!(a.as_bytes()[14], b'4');
        assert!(matches!(a.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert!(a.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase(),
        }));
    }

    #[test]
    fn random_texts_have_the_length_of_their_bytes() {
        let random = SystemRandom::new();
        let text = random_text::<32>(&random).unwrap();
        assert_eq!(text.expose().len(), 43);
        assert!(!text.constant_time_eq(&random_text::<32>(&random).unwrap()));
    }
}
