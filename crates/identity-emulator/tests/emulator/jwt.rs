//! Signing JWTs as clients do, and verifying the emulator's.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use identity_emulator::TestCertificate;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
    RsaPublicKeyComponents,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

/// How a client writes the segments of its JWTs and thumbprints.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    /// As RFC 7515 has it; MSAL for JavaScript and ours.
    Unpadded,
    /// Python's.
    Padded,
    /// Thumbprints in MSAL for Go.
    Standard,
}

impl Style {
    pub(crate) fn encode(self, bytes: impl AsRef<[u8]>) -> String {
        match self {
            Self::Unpadded => BASE64_URL_SAFE_NO_PAD.encode(bytes),
            Self::Padded => BASE64_URL_SAFE.encode(bytes),
            Self::Standard => BASE64_STANDARD.encode(bytes),
        }
    }
}

/// A certificate with its key.
pub(crate) struct Signer {
    pub(crate) certificate: TestCertificate,
    key: KeyPair,
}

impl Signer {
    pub(crate) fn new(name: &str) -> Self {
        let certificate = TestCertificate::generate(name).unwrap();
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(certificate.key_pem().as_bytes()).unwrap();
        let key = KeyPair::from_pkcs8(pkcs8.secret_pkcs8_der()).unwrap();
        Self { certificate, key }
    }

    /// One that all tests share, since making keys takes its time.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Signer> = OnceLock::new();
        SHARED.get_or_init(|| Self::new("daemon"))
    }

    /// Another one, of which no application knows.
    pub(crate) fn stranger() -> &'static Self {
        static SHARED: OnceLock<Signer> = OnceLock::new();
        SHARED.get_or_init(|| Self::new("stranger"))
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        CertificateDer::from_pem_slice(self.certificate.certificate_pem().as_bytes())
            .unwrap()
            .to_vec()
    }

    pub(crate) fn sha1(&self) -> Vec<u8> {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der()).as_ref().to_vec()
    }

    pub(crate) fn sha256(&self) -> Vec<u8> {
        digest(&SHA256, &self.der()).as_ref().to_vec()
    }

    /// A compact JWT. The header's `alg` says how it is signed; one that is not known is signed anyhow.
    pub(crate) fn sign(&self, header: &Value, claims: &Value, style: Style) -> String {
        let signed = format!(
            "{}.{}",
            style.encode(header.to_string()),
            style.encode(claims.to_string())
        );
        let padding: &'static dyn RsaEncoding = match header["alg"].as_str() {
            Some("PS256") => &RSA_PSS_SHA256,
            Some("RS512") => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .unwrap();
        format!("{signed}.{}", style.encode(signature))
    }
}

pub(crate) fn now() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the emulator's clock runs with the machine's"
    )]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

pub(crate) fn part(encoded: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

/// Verifies a JWT of the emulator against a published key set and returns its claims.
pub(crate) fn verify(jwt: &str, jwks: &Value) -> Result<Value, String> {
    let (signed, signature) = jwt.rsplit_once('.').ok_or("no signature")?;
    let (header, claims) = signed.split_once('.').ok_or("no claims")?;
    let header = part(header);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    let keys = jwks["keys"].as_array().ok_or("no keys")?;
    let key = keys
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .ok_or("the key is not in the set")?;
    let number = |name: &str| {
        BASE64_URL_SAFE_NO_PAD
            .decode(key[name].as_str().unwrap())
            .unwrap()
    };
    let signature = BASE64_URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|error| error.to_string())?;
    RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    }
    .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
    .map_err(|_| "the signature is wrong")?;
    Ok(part(claims))
}

/// The same text with one character of its last segment changed.
pub(crate) fn tampered(jwt: &str) -> String {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}
