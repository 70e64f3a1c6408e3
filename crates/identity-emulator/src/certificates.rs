//! The emulator's own certificate authority, its server certificate, and the wrong ones.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

use crate::clock::real_date;
use crate::error::StartError;

/// A certificate that a client must refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WrongCertificate {
    /// Right in everything, but its time is over.
    Expired,
    /// Right in everything, but its time has not come.
    NotYetValid,
    /// For `wrong.host.invalid`.
    WrongHost,
    /// Signed by itself.
    SelfSigned,
    /// Signed by an authority that nobody was told of.
    UnknownAuthority,
}

/// One authority and the names it certifies.
pub(crate) struct Certificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    names: Vec<String>,
    http2: bool,
    good: Arc<ServerConfig>,
    thumbprint: String,
}

impl Certificates {
    pub(crate) fn make(names: Vec<String>, http2: bool) -> Result<Self, StartError> {
        let failed = |error| StartError::caused("the certificates could not be made", error);
        let authority = authority("identity-emulator CA").map_err(failed)?;
        let leaf = Leaf::signed(&names, (-1, 365), &authority).map_err(failed)?;
        let thumbprint = thumbprint(&leaf.certificate);
        let good = leaf
            .config(http2)
            .map_err(|error| StartError::caused("TLS could not be set up with its certificate", error))?;
        Ok(Self {
            authority,
            names,
            http2,
            good,
            thumbprint,
        })
    }

    /// The certificate that clients have to trust, as PEM.
    pub(crate) fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    pub(crate) fn ca_der(&self) -> &[u8] {
        self.authority.der()
    }

    /// The SHA-1 thumbprint of the server certificate.
    pub(crate) fn thumbprint(&self) -> String {
        self.thumbprint.clone()
    }

    /// How an orderly connection is served.
    pub(crate) fn good(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.good)
    }

    /// How a connection with a wrong certificate is served. Each has its own session store, so that no earlier
    /// session lets a client skip the certificate.
    pub(crate) fn wrong(&self, how: WrongCertificate) -> Option<Arc<ServerConfig>> {
        let other = || vec!["wrong.host.invalid".to_owned()];
        let leaf = match how {
            WrongCertificate::Expired => Leaf::signed(&self.names, (-60, -30), &self.authority),
            WrongCertificate::NotYetValid => Leaf::signed(&self.names, (30, 60), &self.authority),
            WrongCertificate::WrongHost => Leaf::signed(&other(), (-1, 365), &self.authority),
            WrongCertificate::SelfSigned => Leaf::self_signed(&self.names),
            WrongCertificate::UnknownAuthority => {
                authority("nobody's CA").and_then(|stranger| Leaf::signed(&self.names, (-1, 365), &stranger))
            }
        };
        leaf.ok()?.config(self.http2).ok()
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    CertifiedIssuer::self_signed(params, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
}

fn thumbprint(certificate: &CertificateDer<'_>) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate);
    hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// A server certificate with its key.
struct Leaf {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Leaf {
    /// `days` are the first and last day, counted from today on the machine's clock.
    fn signed(
        names: &[String],
        days: (i64, i64),
        authority: &CertifiedIssuer<'static, KeyPair>,
    ) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params(names, days)?.signed_by(&key, authority)?.der().clone();
        Ok(Self { certificate, key })
    }

    fn self_signed(names: &[String]) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params(names, (-1, 365))?.self_signed(&key)?.der().clone();
        Ok(Self { certificate, key })
    }

    fn config(self, http2: bool) -> Result<Arc<ServerConfig>, rustls::Error> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], key)?;
        if http2 {
            config.alpn_protocols.push(b"h2".to_vec());
        }
        config.alpn_protocols.push(b"http/1.1".to_vec());
        Ok(Arc::new(config))
    }
}

fn params(names: &[String], (first, last): (i64, i64)) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = common_name("identity-emulator");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let (year, month, day) = real_date(first);
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = real_date(last);
    params.not_after = date_time_ymd(year, month, day);
    Ok(params)
}
