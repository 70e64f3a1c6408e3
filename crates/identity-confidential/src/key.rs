//! Certificates with their private keys, from the files that people have.

mod certificate;
mod chain;
mod der;
#[cfg(feature = "encrypted-pem")]
mod encrypted;
mod format;
mod pem;
#[cfg(feature = "pkcs12")]
mod pkcs12;
mod rsa;
#[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
mod scheme;
#[cfg(feature = "encrypted-pem")]
mod traditional;
mod trouble;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use identity_base::{Error, ErrorKind, Foreign, Secret};
use identity_runtime::crypto;

use self::chain::{Chain, assemble};
use self::format::read;
pub use self::rsa::SignatureAlgorithm;
use self::rsa::SigningKey;

/// Larger files are not certificates.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// A certificate that is registered with an application, with its private key and, where given, the chain above it.
///
/// Cheap to clone. `Debug` shows the thumbprint and the dates, never the key.
///
/// What is read:
///
/// - **PEM**: an RSA key of 2048 to 4096 bits as PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`), and one or more certificates, in any order and
///   with any text between. The certificate that belongs to the key is used, the others are put in order above it. With the feature `encrypted-pem`
///   also keys that a password protects: PKCS#8 with PBES2 (AES, 3DES; PBKDF2, scrypt) or PBE-SHA1-3DES, and OpenSSL's traditional form
///   (AES, 3DES in CBC).
/// - **PKCS#12** (PFX), with the feature `pkcs12`: modern and legacy encryption, with and without password; also as bare Base64 text, as Key Vault
///   hands it out.
///
/// Intermediate copies of the key are overwritten in memory; the form of it that signs, and the copies that the PKCS#12 reader makes, can't be.
#[derive(Clone)]
pub struct ClientCertificate(Arc<Inner>);

struct Inner {
    key: SigningKey,
    /// The leaf first, then each one's issuer.
    chain: Vec<Vec<u8>>,
    sha1: [u8; 20],
    sha256: [u8; 32],
    not_before: SystemTime,
    not_after: SystemTime,
    source: String,
}

impl ClientCertificate {
    /// Reads a certificate with its key from the bytes of a file. A password that isn't needed is ignored.
    ///
    /// ```
    /// use identity_confidential::ClientCertificate;
    /// let error = ClientCertificate::from_bytes(b"-----BEGIN CERTIFICATE-----", None).unwrap_err();
    /// assert!(error.to_string().contains("malformed PEM at line 1"));
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`], saying what is wrong and what to do: empty or unknown contents, malformed PEM or DER, no key, no
    /// certificate, a key that belongs to none of the certificates, a wrong or missing password, a key that isn't RSA or not of 2048 to 4096 bits,
    /// an encryption that isn't supported or whose feature is off.
    pub fn from_bytes(bytes: &[u8], password: Option<&Secret>) -> Result<Self, Error> {
        Self::named(bytes, password, "the certificate data".to_owned())
    }

    /// As [`ClientCertificate::from_bytes`]; `source` says in errors where the bytes are from.
    pub(crate) fn named(bytes: &[u8], password: Option<&Secret>, source: String) -> Result<Self, Error> {
        match read(bytes, password).and_then(|(keys, certificates)| assemble(keys, certificates)) {
            Ok((key, chain)) => Ok(Self::new(key, chain, source)),
            Err(trouble) => Err(trouble.into_error(&source)),
        }
    }

    fn new(key: SigningKey, chain: Chain, source: String) -> Self {
        let Chain { leaf, rest } = chain;
        Self(Arc::new(Inner {
            key,
            sha1: crypto::sha1_thumbprint(&leaf.der),
            sha256: crypto::sha256(&leaf.der),
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            chain: std::iter::once(leaf.der).chain(rest).collect(),
            source,
        }))
    }

    /// The SHA-256 thumbprint of the certificate: the digest of its DER form.
    #[must_use]
    pub fn thumbprint_sha256(&self) -> &[u8; 32] {
        &self.0.sha256
    }

    /// The SHA-1 thumbprint of the certificate, as portals and ADFS show it.
    #[must_use]
    pub fn thumbprint_sha1(&self) -> &[u8; 20] {
        &self.0.sha1
    }

    /// From when the certificate is valid.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        self.0.not_before
    }

    /// Until when the certificate is valid.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.0.not_after
    }

    /// The certificate and those above it that were in the file, as DER, the certificate itself first.
    pub fn chain(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        self.0.chain.iter().map(Vec::as_slice)
    }

    /// The size of the RSA key in bits.
    #[must_use]
    pub fn key_bits(&self) -> usize {
        self.0.key.bits()
    }

    /// The public key as the DER of an `RSAPublicKey` (PKCS#1), with which signatures can be verified.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.0.key.public_key()
    }

    /// Whether the certificate is valid at `now`, its own dates included.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] with the dates, when it has expired or is not valid yet.
    pub fn check_validity(&self, now: SystemTime) -> Result<(), Error> {
        let (what, date, hint) = if now > self.0.not_after {
            let hint = "put a new certificate into the file and register it with the application, or correct the clock of this machine";
            ("expired on", self.0.not_after, hint)
        } else if now < self.0.not_before {
            let hint = "wait, or correct the clock of this machine";
            ("is not valid before", self.0.not_before, hint)
        } else {
            return Ok(());
        };
        let message = format!(
            "{}: the certificate {what} {}; it is now {}",
            self.0.source,
            certificate::show(date),
            certificate::show(now)
        );
        Err(Error::new(ErrorKind::InvalidConfiguration, message).with_hint(hint))
    }

    /// Signs `message` with the private key. Takes about 1 ms with a key of 2048 bits, up to 7 ms with one of 4096.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the parts of the key contradict each other, which shows only now.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.key.sign(algorithm, message)
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thumbprint: String = self.0.sha1.iter().map(|byte| format!("{byte:02X}")).collect();
        f.debug_struct("ClientCertificate")
            .field("thumbprint", &thumbprint)
            .field("not_before", &certificate::show(self.0.not_before))
            .field("not_after", &certificate::show(self.0.not_after))
            .field("certificates", &self.0.chain.len())
            .finish_non_exhaustive()
    }
}

/// The text by which errors name a file.
pub(crate) fn file_source(path: &std::path::Path) -> String {
    format!(
        "the certificate file {}",
        Foreign::path(&path.to_string_lossy(), 200)
    )
}
