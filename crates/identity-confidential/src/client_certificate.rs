//! A certificate that is registered with the application.

use std::path::PathBuf;
use std::sync::Arc;

use identity_base::{Error, Secret};
use identity_runtime::{Cached, ClientOptions};
use zeroize::Zeroizing;

use crate::application::{CertificateSetup, ProofSetup, Setup, setup_methods};
use crate::client_credentials::{ClientCredentials, forward_credential};
use crate::key::ClientCertificate;
use crate::proof::CertificateSource;

const NAME: &str = "CertificateCredential";

/// Signs an application in with a certificate: with each request it sends an assertion that the certificate's private key signed.
///
/// Assertions are signed by PS256 and name the certificate by its SHA-256 thumbprint; for the tenant `adfs`, by RS256 and SHA-1. They live for ten
/// minutes.
///
/// A certificate **file** may be replaced while the program runs: a file that looks changed is read again before the next request, and a request that
/// was refused since the certificate is being replaced is made once more with the new one. While the new file isn't whole, the old certificate stays
/// in use. See [`ClientCertificate`] for the formats.
///
/// ```no_run
/// use identity_base::TokenCredential;
/// use identity_confidential::CertificateCredential;
/// # async fn example() -> Result<(), identity_base::Error> {
/// let credential = CertificateCredential::new("contoso.com", "44444444-4444-4444-4444-444444444444", "/etc/app/certificate.pem")?;
/// let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
/// # Ok(()) }
/// ```
#[doc(alias = "ClientCertificateCredential")]
#[derive(Clone, Debug)]
pub struct CertificateCredential(Cached<ClientCredentials>);

impl CertificateCredential {
    /// A credential with the certificate and key in a file, and the default options. The file is read in this call.
    ///
    /// # Errors
    /// As [`CertificateCredentialBuilder::build`].
    pub fn new(tenant_id: &str, client_id: &str, path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::from_path(tenant_id, client_id, path).build()
    }

    /// A credential with the certificate and key in a file, which is read when the credential is built and whenever it changes.
    pub fn from_path(
        tenant_id: &str,
        client_id: &str,
        path: impl Into<PathBuf>,
    ) -> CertificateCredentialBuilder {
        CertificateCredentialBuilder::new(tenant_id, client_id, CertificateSource::Path(path.into()))
    }

    /// A credential with the contents of such a file.
    pub fn from_bytes(
        tenant_id: &str,
        client_id: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> CertificateCredentialBuilder {
        let bytes = Arc::new(Zeroizing::new(bytes.into()));
        CertificateCredentialBuilder::new(tenant_id, client_id, CertificateSource::Bytes(bytes))
    }

    /// A credential with a certificate that is read already.
    pub fn from_certificate(
        tenant_id: &str,
        client_id: &str,
        certificate: ClientCertificate,
    ) -> CertificateCredentialBuilder {
        CertificateCredentialBuilder::new(tenant_id, client_id, CertificateSource::Ready(certificate))
    }
}

forward_credential!(CertificateCredential);

/// Makes a [`CertificateCredential`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CertificateCredentialBuilder {
    setup: Setup,
    certificate: CertificateSetup,
}

impl CertificateCredentialBuilder {
    fn new(tenant_id: &str, client_id: &str, source: CertificateSource) -> Self {
        Self {
            setup: Setup::new(tenant_id, client_id),
            certificate: CertificateSetup::new(source),
        }
    }

    setup_methods!(cache);

    /// Sets the password of the file. Default: none.
    pub fn with_password(mut self, password: impl Into<Secret>) -> Self {
        self.certificate.password = Some(password.into());
        self
    }

    /// Sets whether the certificates of the file are sent along (`x5c`), so that the application may trust an issuer and a subject name instead of one
    /// certificate. Default: no.
    pub fn with_certificate_chain(mut self, send: bool) -> Self {
        self.certificate.assertions.send_chain = send;
        self
    }

    /// Sets whether a signed assertion is used again for the same endpoint while it has a minute of life left. Default: yes, as Entra allows it. An
    /// identity provider that takes an assertion once only needs a no.
    pub fn with_assertion_reuse(mut self, reuse: bool) -> Self {
        self.certificate.assertions.reuse = reuse;
        self
    }

    /// Checks the settings, reads the certificate and makes the credential. Needs no runtime.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when the client id, a tenant, the region, the token cache or
    /// an option can't be, and for all that [`ClientCertificate::from_bytes`] refuses. A certificate that has expired fails when a token is asked for.
    pub fn build(self) -> Result<CertificateCredential, Error> {
        let proof = ProofSetup::Certificate(Box::new(self.certificate));
        let application = self.setup.build(NAME, proof)?;
        Ok(CertificateCredential(ClientCredentials::cached(application)))
    }
}
