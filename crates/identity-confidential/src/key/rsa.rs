//! The RSA private key: unwrapping, checking, signing.

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};

use identity_base::{Error, ErrorKind};

use super::certificate::algorithm_name;
use super::der::{self, tag};
use super::trouble::{Object, Trouble};

/// `rsaEncryption`, 1.2.840.113549.1.1.1.
pub(crate) const OID: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
const MIN_BITS: usize = 2048;
const MAX_BITS: usize = 4096;

/// How a certificate's key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for ADFS.
    Rs256,
}

impl SignatureAlgorithm {
    /// Its name in a JWS header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }
}

/// An RSA private key that can sign.
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    bits: usize,
}

impl SigningKey {
    /// Reads a PKCS#8 `PrivateKeyInfo`.
    pub(crate) fn from_pkcs8(bytes: &[u8]) -> Result<Self, Trouble> {
        let (algorithm, key) = split_pkcs8(bytes).ok_or_else(damaged)?;
        if algorithm != OID {
            return Err(Trouble::NotRsa {
                object: Object::Key,
                algorithm: algorithm_name(algorithm),
            });
        }
        Self::from_pkcs1(key)
    }

    /// Reads a PKCS#1 `RSAPrivateKey`.
    pub(crate) fn from_pkcs1(bytes: &[u8]) -> Result<Self, Trouble> {
        let mut fields = der::only_sequence(bytes).ok_or_else(damaged)?;
        fields.expect(tag::INTEGER).ok_or_else(damaged)?;
        let bits = bit_length(fields.expect(tag::INTEGER).ok_or_else(damaged)?);
        // ring says "too small" of exponents as well, so the size is looked at before.
        match bits {
            0..MIN_BITS => return Err(Trouble::TooSmall { bits }),
            MIN_BITS..=MAX_BITS => {}
            _ => return Err(Trouble::TooLarge { bits }),
        }
        let pair = RsaKeyPair::from_der(bytes).map_err(|rejected| Trouble::Rejected {
            why: rejected.to_string(),
        })?;
        Ok(Self { pair, bits })
    }

    /// The size of the modulus.
    pub(crate) const fn bits(&self) -> usize {
        self.bits
    }

    /// The public key as the DER of an `RSAPublicKey`.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.pair.public().as_ref()
    }

    /// Signs `message`. Takes about 1 ms with 2048 bits and 3 to 7 ms with 4096.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the parts of the key contradict each other, which shows only now.
    pub(crate) fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        let encoding: &'static dyn RsaEncoding = match algorithm {
            SignatureAlgorithm::Ps256 => &RSA_PSS_SHA256,
            SignatureAlgorithm::Rs256 => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .map_err(|ring::error::Unspecified| {
                Error::new(ErrorKind::InvalidConfiguration, "the private key can't sign")
                    .with_hint("its parts contradict each other; `openssl pkey -check -noout` tells more")
            })?;
        Ok(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("bits", &self.bits)
            .finish_non_exhaustive()
    }
}

/// The algorithm's OID and the key inside a `PrivateKeyInfo`.
pub(crate) fn split_pkcs8(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut info = der::only_sequence(bytes)?;
    info.expect(tag::INTEGER)?;
    let algorithm = info.sequence()?.expect(tag::OID)?;
    let key = info.expect(tag::OCTET_STRING)?;
    Some((algorithm, key))
}

/// The bits of a positive big-endian integer, leading zeros not counted.
fn bit_length(integer: &[u8]) -> usize {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    let bytes = integer.len() - zeros;
    match integer.get(zeros) {
        Some(first) => bytes * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0),
        None => 0,
    }
}

fn damaged() -> Trouble {
    Trouble::MalformedDer { object: Object::Key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_first_one() {
        for (integer, bits) in [
            (&[][..], 0),
            (&[0], 0),
            (&[1], 1),
            (&[0, 0x80], 8),
            (&[0, 1, 0], 9),
            (&[0xFF; 256], 2048),
        ] {
            assert_eq!(bit_length(integer), bits, "{integer:?}");
        }
    }

    #[test]
    fn other_structures_are_damaged_keys() {
        for bytes in [&[][..], &[0x30, 0], &[0x30, 3, 2, 1, 0], &[0x04, 1, 0], b"hello"] {
            assert!(
                matches!(SigningKey::from_pkcs1(bytes), Err(Trouble::MalformedDer { .. })),
                "{bytes:?}"
            );
            assert!(
                matches!(SigningKey::from_pkcs8(bytes), Err(Trouble::MalformedDer { .. })),
                "{bytes:?}"
            );
        }
    }
}
