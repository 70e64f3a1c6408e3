//! PKCS#8 private keys that a password protects (`ENCRYPTED PRIVATE KEY`).

use identity_base::Secret;
use zeroize::Zeroizing;

use super::der::{self, tag};
use super::scheme::{self, PBE_SHA1_3DES};
use super::trouble::{Object, Trouble};

/// The `PrivateKeyInfo` inside an `EncryptedPrivateKeyInfo`.
///
/// # Errors
/// When it is damaged, encrypted by something unsupported, without a password, or with a wrong one.
pub(crate) fn decrypt(
    bytes: &[u8],
    password: Option<&Secret>,
    object: Object,
) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let Some((scheme, data)) = split(bytes) else {
        return Err(Trouble::MalformedDer { object });
    };
    if let Err(algorithm) = scheme::check(scheme, &[PBE_SHA1_3DES]) {
        return Err(Trouble::UnsupportedEncryption { object, algorithm });
    }
    let Some(password) = password else {
        return Err(Trouble::PasswordMissing { object });
    };
    let plain = scheme::decrypt(scheme, data, password.expose(), object)?;
    // One time in some hundred, a wrong password gives a padding that looks right.
    match super::rsa::split_pkcs8(&plain) {
        Some(_) => Ok(plain),
        None => Err(Trouble::WrongPassword { object }),
    }
}

/// The algorithm identifier, whole, and the encrypted data.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut info = der::only_sequence(bytes)?;
    let scheme = info.optional(tag::SEQUENCE)?.whole;
    Some((scheme, info.expect(tag::OCTET_STRING)?))
}
