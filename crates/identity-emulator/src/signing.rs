//! The RS256 key that signs tokens: made once, kept if a path is given, used through ring.

mod make;

use std::fmt;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use ring::digest;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Map, Value, json};

use crate::error::StartError;

pub(crate) use make::Source;

/// The signing key, its certificate and the names by which tokens refer to it.
pub(crate) struct SigningKey {
    key: RsaKeyPair,
    random: SystemRandom,
    kid: String,
    certificate: Vec<u8>,
}

impl SigningKey {
    pub(crate) fn load(source: &Source) -> Result<Self, StartError> {
        let pkcs8 = source.pkcs8()?;
        let key = RsaKeyPair::from_pkcs8(&pkcs8).map_err(|rejected| {
            StartError::config(format!(
                "{source} holds no usable RSA key of 2048 to 4096 bits: {rejected}"
            ))
        })?;
        let certificate = certify(&pkcs8)
            .map_err(|error| StartError::caused("the signing certificate could not be made", error))?;
        let thumbprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate);
        Ok(Self {
            key,
            random: SystemRandom::new(),
            kid: BASE64_URL_SAFE_NO_PAD.encode(thumbprint.as_ref()),
            certificate,
        })
    }

    /// A compact JWT over `claims`, or `None` when the key cannot sign, which a loaded key never does.
    pub(crate) fn sign(&self, claims: &Value) -> Option<String> {
        let header = json!({"typ": "JWT", "alg": "RS256", "x5t": self.kid, "kid": self.kid});
        let mut jwt = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        jwt.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut jwt);
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &self.random, jwt.as_bytes(), &mut signature)
            .ok()?;
        jwt.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
        Some(jwt)
    }

    /// The public half, an `RSAPublicKey` in DER.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.key.public().as_ref()
    }

    /// What tokens name the key by.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The key set document, with the issuer where Entra's version 2 form gives one.
    pub(crate) fn jwks(&self, issuer: Option<&str>) -> Value {
        let public = PublicKeyComponents::<Vec<u8>>::from(self.key.public());
        let mut key = Map::new();
        key.insert("kty".into(), "RSA".into());
        key.insert("use".into(), "sig".into());
        key.insert("kid".into(), self.kid.as_str().into());
        key.insert("x5t".into(), self.kid.as_str().into());
        key.insert("n".into(), BASE64_URL_SAFE_NO_PAD.encode(&public.n).into());
        key.insert("e".into(), BASE64_URL_SAFE_NO_PAD.encode(&public.e).into());
        key.insert("x5c".into(), json!([BASE64_STANDARD.encode(&self.certificate)]));
        if let Some(issuer) = issuer {
            key.insert("cloud_instance_name".into(), "microsoftonline.com".into());
            key.insert("issuer".into(), issuer.into());
        }
        json!({"keys": [key]})
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Entra publishes each key with a self-signed certificate, which some validators use instead of the modulus.
fn certify(pkcs8: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8), &PKCS_RSA_SHA256)?;
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "accounts.accesscontrol.windows.net");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    // A fixed number: the certificate, and so the `kid`, stays the same as long as the key does.
    params.serial_number = Some(rcgen::SerialNumber::from_slice(&[1]));
    Ok(params.self_signed(&key)?.der().to_vec())
}

#[cfg(test)]
mod tests {
    use super::{SigningKey, Source};

    #[test]
    fn a_key_file_is_made_once_and_then_read() {
        let dir = tempfile::tempdir().unwrap();
        let source = Source::File(dir.path().join("deep/er/key.pem"));
        let first = SigningKey::load(&source).unwrap();
        let again = SigningKey::load(&source).unwrap();
        assert_eq!(first.kid, again.kid);
        assert_eq!(first.jwks(None), again.jwks(None));
    }

    #[test]
    fn a_broken_key_file_is_named_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        for broken in [
            "",
            "rubbish",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            #[expect(clippy::disallowed_methods, reason = "the test lays out its own file")]
            std::fs::write(&path, broken).unwrap();
            let error = SigningKey::load(&Source::File(path.clone())).unwrap_err();
            assert!(error.to_string().contains("key.pem"), "{error}");
            #[expect(clippy::disallowed_methods, reason = "the test reads its own file")]
            let kept = std::fs::read_to_string(&path).unwrap();
            assert_eq!(kept, broken);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_made_key_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        SigningKey::load(&Source::File(path.clone())).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
