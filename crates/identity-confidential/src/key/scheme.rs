//! Password-based encryption: which schemes there are, which are supported, and decryption by them.

use std::borrow::Cow;

#[cfg(feature = "encrypted-pem")]
use zeroize::Zeroizing;

use super::der::{self, Reader, tag};
#[cfg(feature = "encrypted-pem")]
use super::trouble::{Object, Trouble};

/// `pkcs5-pbes2`.
const PBES2: &str = "1.2.840.113549.1.5.13";
/// `pbeWithSHA1And3-KeyTripleDES-CBC` of PKCS#12.
pub(crate) const PBE_SHA1_3DES: &str = "1.2.840.113549.1.12.1.3";
/// `pbeWithSHA1And40BitRC2-CBC` of PKCS#12, how old programs encrypt the certificates of a PFX file.
#[cfg(feature = "pkcs12")]
pub(crate) const PBE_SHA1_RC2_40: &str = "1.2.840.113549.1.12.1.6";
const SUPPORTED_KDFS: &[&str] = &["1.2.840.113549.1.5.12", "1.3.6.1.4.1.11591.4.11"];
/// AES-128, -192 and -256 in CBC, AES-128 and -256 in GCM, and 3DES in CBC.
const SUPPORTED_CIPHERS: &[&str] = &[
    "2.16.840.1.101.3.4.1.2",
    "2.16.840.1.101.3.4.1.22",
    "2.16.840.1.101.3.4.1.42",
    "2.16.840.1.101.3.4.1.6",
    "2.16.840.1.101.3.4.1.46",
    "1.2.840.113549.3.7",
];

/// Files of a stranger must not cost minutes or gigabytes.
#[cfg(feature = "encrypted-pem")]
pub(crate) const MAX_ITERATIONS: u32 = 1_000_000;
#[cfg(feature = "encrypted-pem")]
const MAX_SCRYPT_BYTES: u64 = 256 * 1024 * 1024;

/// What is wrong with an encryption scheme (an `AlgorithmIdentifier`, as DER): its name if it is not among `plain` and not a supported PBES2.
///
/// # Errors
/// The name, with its OID.
pub(crate) fn check(scheme: &[u8], plain: &[&str]) -> Result<(), String> {
    let malformed = || "an unreadable algorithm identifier".to_owned();
    let mut fields = der::only_sequence(scheme).ok_or_else(malformed)?;
    let oid = der::dotted(fields.expect(tag::OID).ok_or_else(malformed)?);
    if plain.contains(&oid.as_str()) {
        return Ok(());
    }
    if oid != PBES2 {
        return Err(named(&oid).into_owned());
    }
    let mut parameters = fields.sequence().ok_or_else(malformed)?;
    for supported in [SUPPORTED_KDFS, SUPPORTED_CIPHERS] {
        let part = parameters
            .sequence()
            .and_then(|mut part: Reader<'_>| part.expect(tag::OID));
        let oid = der::dotted(part.ok_or_else(malformed)?);
        if !supported.contains(&oid.as_str()) {
            return Err(format!("PBES2 with {}", named(&oid)));
        }
    }
    Ok(())
}

/// Names of schemes that users meet.
fn named(oid: &str) -> Cow<'static, str> {
    let name = match oid {
        "1.2.840.113549.1.5.1" => "PBE-MD2-DES",
        "1.2.840.113549.1.5.3" => "PBE-MD5-DES",
        "1.2.840.113549.1.5.10" => "PBE-SHA1-DES",
        "1.2.840.113549.1.5.11" => "PBE-SHA1-RC2-64",
        "1.2.840.113549.1.5.14" => "PBMAC1",
        "1.2.840.113549.1.12.1.1" => "PBE-SHA1-RC4-128",
        "1.2.840.113549.1.12.1.2" => "PBE-SHA1-RC4-40",
        "1.2.840.113549.1.12.1.3" => "PBE-SHA1-3DES",
        "1.2.840.113549.1.12.1.4" => "PBE-SHA1-2DES",
        "1.2.840.113549.1.12.1.5" => "PBE-SHA1-RC2-128",
        "1.2.840.113549.1.12.1.6" => "PBE-SHA1-RC2-40",
        "1.2.840.113549.3.2" => "RC2-CBC",
        "1.3.14.3.2.7" => "DES-CBC",
        _ => "",
    };
    match name {
        "" => oid.to_owned().into(),
        name => format!("{name} ({oid})").into(),
    }
}

/// Decrypts by a scheme that [`check`] let pass.
///
/// # Errors
/// [`Trouble::WrongPassword`], [`Trouble::TooCostly`], or [`Trouble::MalformedDer`] of the parameters.
#[cfg(feature = "encrypted-pem")]
pub(crate) fn decrypt(
    scheme: &[u8],
    data: &[u8],
    password: &str,
    object: Object,
) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    use pkcs5::pbes2::Kdf;

    let damaged = || Trouble::MalformedDer { object };
    let costly = || Trouble::TooCostly { object };
    let mut fields = der::only_sequence(scheme).ok_or_else(damaged)?;
    if der::dotted(fields.expect(tag::OID).ok_or_else(damaged)?) == PBE_SHA1_3DES {
        return triple_des(fields, data, password, object);
    }
    let scheme = pkcs5::EncryptionScheme::try_from(scheme).map_err(|_| damaged())?;
    let parameters = scheme.pbes2().ok_or_else(damaged)?;
    let affordable = match &parameters.kdf {
        Kdf::Pbkdf2(kdf) => kdf.iteration_count <= MAX_ITERATIONS,
        Kdf::Scrypt(kdf) => {
            let bytes = kdf.cost_parameter.saturating_mul(128 * u64::from(kdf.block_size));
            bytes.saturating_mul(u64::from(kdf.parallelization)) <= MAX_SCRYPT_BYTES
        }
        _ => return Err(damaged()),
    };
    if !affordable {
        return Err(costly());
    }
    let mut buffer = Zeroizing::new(data.to_vec());
    let plain = match parameters.decrypt_in_place(password, &mut buffer) {
        Ok(plain) => plain.len(),
        Err(pkcs5::Error::DecryptFailed) => {
            return Err(Trouble::WrongPassword { object });
        }
        Err(_) => return Err(damaged()),
    };
    buffer.truncate(plain);
    Ok(buffer)
}

/// PBE-SHA1-3DES: keys by the derivation of PKCS#12, then 3DES in CBC.
#[cfg(feature = "encrypted-pem")]
fn triple_des(
    mut fields: Reader<'_>,
    data: &[u8],
    password: &str,
    object: Object,
) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    use cbc::cipher::block_padding::Pkcs7;
    use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
    use pkcs12::kdf::{Pkcs12KeyType, derive_key_utf8};

    let damaged = || Trouble::MalformedDer { object };
    let wrong = || Trouble::WrongPassword { object };
    let mut parameters = fields.sequence().ok_or_else(damaged)?;
    let salt = parameters.expect(tag::OCTET_STRING).ok_or_else(damaged)?;
    let iterations = parameters.expect(tag::INTEGER).ok_or_else(damaged)?;
    let rounds = iterations
        .iter()
        .try_fold(0i32, |value, byte| {
            value.checked_mul(256)?.checked_add(i32::from(*byte))
        })
        .filter(|rounds| u32::try_from(*rounds).is_ok_and(|rounds| rounds <= MAX_ITERATIONS))
        .ok_or(Trouble::TooCostly { object })?;
    // The derivation takes characters up to U+FFFF; a password with others can't have been used here.
    let derive = |kind, length| {
        derive_key_utf8::<sha1::Sha1>(password, salt, kind, rounds, length)
            .map(Zeroizing::new)
            .map_err(|_| wrong())
    };
    let key = derive(Pkcs12KeyType::EncryptionKey, 24)?;
    let iv = derive(Pkcs12KeyType::Iv, 8)?;
    let mut buffer = Zeroizing::new(data.to_vec());
    let cipher = cbc::Decryptor::<des::TdesEde3>::new_from_slices(&key, &iv).map_err(|_| damaged())?;
    let plain = cipher
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| wrong())?
        .len();
    buffer.truncate(plain);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An `AlgorithmIdentifier` of this OID without parameters.
    fn plain(oid: &[u8]) -> Vec<u8> {
        let mut bytes = vec![
            0x30,
            u8::try_from(oid.len() + 2).unwrap(),
            6,
            u8::try_from(oid.len()).unwrap(),
        ];
        bytes.extend_from_slice(oid);
        bytes
    }

    #[test]
    fn unsupported_schemes_are_named_with_their_oid() {
        let md5_des = plain(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 3]);
        assert_eq!(
            check(&md5_des, &[]),
            Err("PBE-MD5-DES (1.2.840.113549.1.5.3)".to_owned())
        );
        assert_eq!(check(&md5_des, &["1.2.840.113549.1.5.3"]), Ok(()));
        assert_eq!(check(&plain(&[0x2A, 3]), &[]), Err("1.2.3".to_owned()));
        assert!(
            check(&plain(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 13]), &[]).is_err(),
            "PBES2 without parameters"
        );
        assert!(check(b"", &[]).is_err());
    }
}
