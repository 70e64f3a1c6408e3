//! PKCS#12 (PFX) files.

use identity_base::Secret;
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as Pkcs12Error;

use super::certificate::X509;
use super::der::{self, Reader, tag};
use super::rsa::SigningKey;
use super::scheme::{self, PBE_SHA1_3DES, PBE_SHA1_RC2_40};
use super::trouble::{Object, Trouble};

const OBJECT: Object = Object::Pkcs12;
const DAMAGED: Trouble = Trouble::MalformedDer {
    object: Object::Pkcs12Certificate,
};
const PBMAC1: &str = "1.2.840.113549.1.5.14";
/// Encryption schemes beside PBES2 that PKCS#12 files are read by.
const SCHEMES: &[&str] = &[PBE_SHA1_3DES, PBE_SHA1_RC2_40];

/// All keys and certificates of a file. Which belong together is found by public key, not by the file's own labels, which are optional.
///
/// # Errors
/// When it is damaged, encrypted by something unsupported, without a key, or when the password is missing or wrong.
pub(crate) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<(Vec<SigningKey>, Vec<X509>), Trouble> {
    // A file without a password is one with an empty one.
    let text = password.map_or("", Secret::expose);
    let archive = Pkcs12Archive::from_pkcs12(bytes, text).map_err(|error| trouble(&error, bytes, text))?;
    if archive.keys.is_empty() {
        return Err(Trouble::Pkcs12WithoutKey);
    }
    let keys = archive
        .keys
        .iter()
        .map(|bag| SigningKey::from_pkcs8(bag.key.as_der()))
        .collect::<Result<Vec<_>, _>>()?;
    let certificates = archive
        .certs
        .iter()
        .map(|bag| X509::parse(bag.cert.as_der()).ok_or(DAMAGED))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((keys, certificates))
}

/// What an error of the reader means.
fn trouble(error: &Pkcs12Error, bytes: &[u8], password: &str) -> Trouble {
    let object = OBJECT;
    if let Some(algorithm) = unsupported(bytes) {
        return Trouble::UnsupportedEncryption { object, algorithm };
    }
    match error {
        Pkcs12Error::MacError(_) | Pkcs12Error::UnpadError | Pkcs12Error::Pkcs5Error(_) => {
            match password.is_empty() {
                false => Trouble::WrongPassword { object },
                true => Trouble::PasswordMissing { object },
            }
        }
        // The format's own text type ends at U+FFFF.
        Pkcs12Error::DerError(_) if password.chars().any(|c| c > '\u{FFFF}') => {
            Trouble::UnsupportedEncryption {
                object,
                algorithm: "a password with characters beyond U+FFFF".to_owned(),
            }
        }
        Pkcs12Error::InvalidParameters => Trouble::TooCostly { object },
        _ => Trouble::MalformedDer { object },
    }
}

/// The first scheme in the file that can't be read, if any: of the MAC, of an encrypted part, or of a key in a plain part.
fn unsupported(bytes: &[u8]) -> Option<String> {
    let mut pfx = der::only_sequence(bytes)?;
    pfx.expect(tag::INTEGER)?;
    let safes = content(pfx.sequence()?)?;
    if let Some(mut mac) = pfx.sequence() {
        let algorithm = der::dotted(mac.sequence()?.sequence()?.expect(tag::OID)?);
        if algorithm == PBMAC1 {
            return Some(format!("a MAC of the kind PBMAC1 ({PBMAC1})"));
        }
    }
    let mut safes = der::only_sequence(Reader::new(safes).expect(tag::OCTET_STRING)?)?;
    while !safes.is_empty() {
        let part = content(safes.sequence()?)?;
        let mut part = Reader::new(part);
        let schemes = match part.optional(tag::OCTET_STRING) {
            Some(plain) => key_schemes(plain.content),
            None => vec![encrypted_scheme(part)?],
        };
        if let Some(name) = schemes
            .iter()
            .find_map(|scheme| scheme::check(scheme, SCHEMES).err())
        {
            return Some(name);
        }
    }
    None
}

/// What a `ContentInfo` carries.
fn content(mut info: Reader<'_>) -> Option<&[u8]> {
    info.expect(tag::OID)?;
    info.expect(tag::CONTEXT_0)
}

/// The scheme of an `EncryptedData`.
fn encrypted_scheme(mut part: Reader<'_>) -> Option<&[u8]> {
    let mut data = part.sequence()?;
    data.expect(tag::INTEGER)?;
    let mut info = data.sequence()?;
    info.expect(tag::OID)?;
    Some(info.optional(tag::SEQUENCE)?.whole)
}

/// The schemes of the encrypted keys in plain `SafeContents`.
fn key_schemes(contents: &[u8]) -> Vec<&[u8]> {
    /// `pkcs8ShroudedKeyBag`.
    const SHROUDED: &str = "1.2.840.113549.1.12.10.1.2";
    let mut found = Vec::new();
    let mut bags = der::only_sequence(contents).unwrap_or(Reader::new(&[]));
    while let Some(mut bag) = bags.sequence() {
        let kind = bag.expect(tag::OID).map(der::dotted);
        let scheme = bag
            .expect(tag::CONTEXT_0)
            .and_then(|value| Reader::new(value).sequence()?.optional(tag::SEQUENCE));
        if let (Some(SHROUDED), Some(scheme)) = (kind.as_deref(), scheme) {
            found.push(scheme.whole);
        }
    }
    found
}
