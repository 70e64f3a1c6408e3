//! Which kind of file it is, and what is in it.

use identity_base::Secret;
use zeroize::Zeroizing;

use super::certificate::X509;
use super::der::{Reader, tag};
use super::rsa::{self, SigningKey};
use super::trouble::{Object, Trouble};
use super::{MAX_BYTES, pem};
#[cfg(feature = "encrypted-pem")]
use super::{encrypted, traditional};

/// Finds out what kind of file it is, and takes all keys and certificates out.
pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<(Vec<SigningKey>, Vec<X509>), Trouble> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Trouble::Empty);
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Trouble::Utf16);
    }
    if bytes.len() > MAX_BYTES {
        return Err(Trouble::UnknownFormat);
    }
    if pem::is_pem(bytes) {
        return read_pem(bytes, password);
    }
    if bytes.first() == Some(&tag::SEQUENCE) {
        return read_binary(bytes, password);
    }
    match pem::bare_base64(bytes) {
        Some(decoded) if decoded.first() == Some(&tag::SEQUENCE) => read_binary(&decoded, password),
        _ => Err(Trouble::UnknownFormat),
    }
}

fn read_pem(bytes: &[u8], password: Option<&Secret>) -> Result<(Vec<SigningKey>, Vec<X509>), Trouble> {
    // The text between blocks may be in any encoding; the blocks themselves are ASCII.
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let (mut keys, mut certificates) = (Vec::new(), Vec::new());
    for block in pem::blocks(&text)? {
        let line = block.line;
        match block.label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                let certificate = X509::parse(&block.der).ok_or(Trouble::MalformedDer {
                    object: Object::CertificateAt(line),
                })?;
                certificates.push(certificate);
            }
            "PRIVATE KEY" => keys.push(SigningKey::from_pkcs8(&block.der)?),
            "ENCRYPTED PRIVATE KEY" | "RSA PRIVATE KEY" => keys.push(read_key(&block, password)?),
            "OPENSSH PRIVATE KEY" => return Err(Trouble::OpenSsh),
            "EC PRIVATE KEY" | "DSA PRIVATE KEY" => {
                return Err(Trouble::NotRsa {
                    object: Object::Key,
                    algorithm: match block.label {
                        "EC PRIVATE KEY" => "an elliptic-curve key".into(),
                        _ => "DSA".into(),
                    },
                });
            }
            // Parameters, requests, public keys and the like may stand in between.
            _ => {}
        }
    }
    match (keys.is_empty(), certificates.is_empty()) {
        (true, _) => Err(Trouble::NoKey),
        (false, true) => Err(Trouble::NoCertificate),
        (false, false) => Ok((keys, certificates)),
    }
}

/// Reads a key that may be encrypted.
#[cfg(feature = "encrypted-pem")]
fn read_key(block: &pem::Block<'_>, password: Option<&Secret>) -> Result<SigningKey, Trouble> {
    let object = Object::KeyAt(block.line);
    match (block.label, block.dek_info) {
        ("ENCRYPTED PRIVATE KEY", _) => {
            SigningKey::from_pkcs8(&encrypted::decrypt(&block.der, password, object)?)
        }
        (_, Some(info)) => SigningKey::from_pkcs1(&traditional::decrypt(&block.der, info, password, object)?),
        (_, None) => SigningKey::from_pkcs1(&block.der),
    }
}

/// Reads a key, and says which feature one needs that is encrypted.
#[cfg(not(feature = "encrypted-pem"))]
fn read_key(block: &pem::Block<'_>, _password: Option<&Secret>) -> Result<SigningKey, Trouble> {
    match (block.label, block.dek_info) {
        ("RSA PRIVATE KEY", None) => SigningKey::from_pkcs1(&block.der),
        _ => Err(Trouble::FeatureOff {
            object: Object::KeyAt(block.line),
            feature: "encrypted-pem",
        }),
    }
}

/// Reads a binary file: PKCS#12, or a bare certificate or key, which lacks the other half.
fn read_binary(bytes: &[u8], password: Option<&Secret>) -> Result<(Vec<SigningKey>, Vec<X509>), Trouble> {
    if X509::parse(bytes).is_some() {
        return Err(Trouble::NoKey);
    }
    if rsa::split_pkcs8(bytes).is_some() || SigningKey::from_pkcs1(bytes).is_ok() {
        return Err(Trouble::NoCertificate);
    }
    // PFX begins with its version, 3, and a sequence.
    let is_pkcs12 = Reader::new(bytes)
        .sequence()
        .is_some_and(|mut pfx| pfx.expect(tag::INTEGER) == Some(&[3]) && pfx.sequence().is_some());
    match is_pkcs12 {
        true => read_pkcs12(bytes, password),
        false => Err(Trouble::MalformedDer {
            object: Object::Binary,
        }),
    }
}

#[cfg(feature = "pkcs12")]
use super::pkcs12::read as read_pkcs12;

#[cfg(not(feature = "pkcs12"))]
fn read_pkcs12(_bytes: &[u8], _password: Option<&Secret>) -> Result<(Vec<SigningKey>, Vec<X509>), Trouble> {
    Err(Trouble::FeatureOff {
        object: Object::Pkcs12,
        feature: "pkcs12",
    })
}
