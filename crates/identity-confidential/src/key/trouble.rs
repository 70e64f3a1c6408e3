//! Everything that can be wrong with a certificate file, each with its text and its remedy.

use std::borrow::Cow;
use std::fmt;

use identity_base::{Error, ErrorKind, Foreign};

/// The part of a file that is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Object {
    Key,
    KeyAt(usize),
    CertificateAt(usize),
    PublicKey,
    Binary,
    Pkcs12,
    #[cfg(feature = "pkcs12")]
    Pkcs12Certificate,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("the private key"),
            Self::KeyAt(line) => write!(f, "the private key at line {line}"),
            Self::CertificateAt(line) => write!(f, "the certificate at line {line}"),
            Self::PublicKey => f.write_str("the certificate's public key"),
            Self::Binary => f.write_str("the binary structure"),
            Self::Pkcs12 => f.write_str("the PKCS#12 file"),
            #[cfg(feature = "pkcs12")]
            Self::Pkcs12Certificate => f.write_str("a certificate in the PKCS#12 file"),
        }
    }
}

/// What is wrong with a certificate file.
#[derive(Debug)]
pub(crate) enum Trouble {
    Empty,
    Utf16,
    UnknownFormat,
    MalformedPem {
        line: usize,
        why: String,
    },
    MalformedDer {
        object: Object,
    },
    NoKey,
    NoCertificate,
    KeyMismatch {
        certificates: usize,
    },
    #[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
    WrongPassword {
        object: Object,
    },
    #[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
    PasswordMissing {
        object: Object,
    },
    #[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
    UnsupportedEncryption {
        object: Object,
        algorithm: String,
    },
    #[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
    TooCostly {
        object: Object,
    },
    #[cfg(feature = "pkcs12")]
    Pkcs12WithoutKey,
    #[cfg(not(all(feature = "encrypted-pem", feature = "pkcs12")))]
    FeatureOff {
        object: Object,
        feature: &'static str,
    },
    OpenSsh,
    NotRsa {
        object: Object,
        algorithm: Cow<'static, str>,
    },
    TooSmall {
        bits: usize,
    },
    TooLarge {
        bits: usize,
    },
    Rejected {
        why: String,
    },
}

impl Trouble {
    /// The error for the file, or data, that `source` names.
    pub(crate) fn into_error(self, source: &str) -> Error {
        let (what, hint) = self.texts();
        Error::new(ErrorKind::InvalidConfiguration, format!("{source}: {what}")).with_hint(hint)
    }

    /// What is wrong, and what to do.
    fn texts(&self) -> (Cow<'_, str>, Cow<'static, str>) {
        match self {
            Self::Empty => ("it is empty".into(), "write the certificate and its private key into it".into()),
            Self::Utf16 => (
                "it is UTF-16 text".into(),
                "save it as UTF-8 or ASCII; PowerShell's Set-Content takes -Encoding ascii".into(),
            ),
            Self::UnknownFormat => (
                "it is neither PEM nor PKCS#12".into(),
                "export the certificate with its private key as PEM or PFX".into(),
            ),
            Self::MalformedPem { line, why } => (
                format!("malformed PEM at line {line}: {why}").into(),
                "copy the file again, whole, with its BEGIN and END lines".into(),
            ),
            Self::MalformedDer { object } => (
                format!("{object} is damaged or not DER").into(),
                "export it again; `openssl x509`, `openssl pkey` or `openssl pkcs12` with -noout tell which part can't be read".into(),
            ),
            Self::NoKey => (
                "there is a certificate but no private key".into(),
                "add the PEM block of the private key that belongs to the certificate, or export it with its key".into(),
            ),
            Self::NoCertificate => (
                "there is a private key but no certificate".into(),
                "add the PEM block of the certificate that is registered with the application".into(),
            ),
            Self::KeyMismatch { certificates } => (
                format!("the private key belongs to none of the {certificates} certificate(s) in it").into(),
                "put the key and the certificate of one pair together; `openssl x509 -pubkey -noout` and `openssl pkey -pubout` print what has to be equal".into(),
            ),
            #[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
            Self::WrongPassword { object } => (
                format!("the password does not open {object}").into(),
                "check the password, its encoding (UTF-8) and that no line break came along with it".into(),
            ),
            #[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
            Self::PasswordMissing { object } => (
                format!("{object} needs a password and none was given").into(),
                "pass the password to the credential's builder, or in AZURE_CLIENT_CERTIFICATE_PASSWORD".into(),
            ),
            #[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
            Self::UnsupportedEncryption { object, algorithm } => (
                format!("{object} is encrypted by {algorithm}, which is not supported").into(),
                "encrypt it anew with AES-256: `openssl pkcs8 -topk8 -v2 aes-256-cbc`, or `openssl pkcs12 -export`".into(),
            ),
            #[cfg(any(feature = "encrypted-pem", feature = "pkcs12"))]
            Self::TooCostly { object } => (
                format!("{object} asks for more key-derivation work than is allowed").into(),
                "encrypt it anew with at most 1,000,000 iterations, or scrypt within 256 MiB".into(),
            ),
            #[cfg(feature = "pkcs12")]
            Self::Pkcs12WithoutKey => (
                "the PKCS#12 file has no private key".into(),
                "export the certificate together with its private key (\"yes, export the private key\" on Windows)".into(),
            ),
            #[cfg(not(all(feature = "encrypted-pem", feature = "pkcs12")))]
            Self::FeatureOff { object, feature } => (
                format!("{object} can't be read since this program was built without the feature `{feature}`").into(),
                format!("enable the feature `{feature}`, or convert the file to a PEM file with an unencrypted key").into(),
            ),
            Self::OpenSsh => (
                "the private key is in OpenSSH's own format".into(),
                "convert it with `ssh-keygen -p -m PKCS8`".into(),
            ),
            Self::NotRsa { object, algorithm } => (
                format!("{object} is {}, not RSA", Foreign::new(algorithm, 80)).into(),
                "Entra takes RSA keys for certificates; make a new pair with an RSA key".into(),
            ),
            Self::TooSmall { bits } => (
                format!("the RSA key has {bits} bits, fewer than 2048").into(),
                "make a new pair with 2048 to 4096 bits".into(),
            ),
            Self::TooLarge { bits } => (
                format!("the RSA key has {bits} bits, more than 4096").into(),
                "make a new pair with 2048 to 4096 bits".into(),
            ),
            Self::Rejected { why } => (
                format!("the RSA private key is not usable: {why}").into(),
                "`openssl pkey -check -noout` tells more; make a new pair with `openssl genrsa 2048`".into(),
            ),
        }
    }
}
