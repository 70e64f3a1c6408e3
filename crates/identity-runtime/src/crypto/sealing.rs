//! Sealing: encryption that notices every change.

use identity_base::seam::Random;
use identity_base::{Error, ErrorKind};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// Seals `plain` with AES-256-GCM under a random nonce. What is returned is nonce, ciphertext and tag; `context` is needed to open it, and not part of it.
///
/// One key may seal some 2^32 times before nonces repeat with a noticeable chance.
///
/// # Errors
/// As [`Random::fill`]; [`ErrorKind::Internal`] when the plain text is longer than the algorithm allows.
pub fn seal(key: &[u8; 32], context: &[u8], plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
    let mut nonce = [0u8; NONCE_LEN];
    random.fill(&mut nonce)?;
    // Room for the tag, so that the buffer with the plain text never moves.
    let mut sealed = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
    sealed.extend_from_slice(plain);
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            &mut *sealed,
        )
        .map_err(|_| Error::new(ErrorKind::Internal, "the text is too long to be sealed"))?;
    Ok([&nonce[..], &sealed[..]].concat())
}

/// Opens what [`seal`] made. `None` when key or context are others, or anything was changed.
#[must_use]
pub fn open_sealed(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    let length = cipher(key)
        .ok()?
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(context),
            &mut buffer,
        )
        .ok()?
        .len();
    buffer.truncate(length);
    Some(buffer)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| Error::new(ErrorKind::Internal, "the key does not fit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::SystemRandom;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn every_change_is_noticed() {
        let random = SystemRandom::new();
        for plain in [&b""[..], b"x", &[0x55; 1000]] {
            let sealed = seal(&KEY, b"context", plain, &random).unwrap();
            assert_eq!(sealed.len(), NONCE_LEN + plain.len() + 16);
            assert_eq!(&**open_sealed(&KEY, b"context", &sealed).unwrap(), plain);
            assert_ne!(
                sealed,
                seal(&KEY, b"context", plain, &random).unwrap(),
                "another nonce"
            );
            assert!(open_sealed(&[8; 32], b"context", &sealed).is_none());
            assert!(open_sealed(&KEY, b"contexT", &sealed).is_none());
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << (at % 8);
                assert!(open_sealed(&KEY, b"context", &changed).is_none(), "byte {at}");
                assert!(
                    open_sealed(&KEY, b"context", &sealed[..at]).is_none(),
                    "cut at {at}"
                );
            }
        }
    }

    #[test]
    fn it_is_the_published_algorithm() {
        // Test case 14 of the GCM specification: zero key, nonce and block.
        let nonce = [0u8; 12];
        let sealed = [
            &nonce[..],
            &[
                0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e, 0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d,
                0x18, 0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0, 0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a,
                0xb9, 0x19,
            ],
        ]
        .concat();
        assert_eq!(&**open_sealed(&[0; 32], b"", &sealed).unwrap(), &[0u8; 16]);
    }
}
