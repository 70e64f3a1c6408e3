//! Certificates with keys for the clients under test.

use std::fmt;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use rustls_pki_types::PrivatePkcs8KeyDer;

use crate::clock::real_date;
use crate::error::StartError;
use crate::model::RegisteredCertificate;
use crate::signing::Source;

/// A self-signed RSA certificate with its private key, such as a service signs in with. For tests alone.
///
/// It is good for a year by the machine's clock. It also serves `localhost` and `127.0.0.1`, so a test's own TLS server can use it.
///
/// ```
/// use identity_emulator::{App, Emulator, TestCertificate};
///
/// let certificate = TestCertificate::generate("daemon")?;
/// let emulator = Emulator::builder()
///     .app(App::confidential("daemon").certificate(certificate.certificate_pem()))
///     .start_blocking()?;
/// // `certificate.pem()` goes to the credential under test: the private key and the certificate.
/// # Ok::<_, identity_emulator::StartError>(())
/// ```
#[derive(Clone)]
pub struct TestCertificate {
    key: String,
    certificate: String,
    thumbprint: String,
}

impl TestCertificate {
    /// Makes a key of 2048 bits, which takes some hundred milliseconds, and a certificate with this common name.
    ///
    /// # Errors
    /// When the operating system gives no random numbers or the name cannot stand in a certificate.
    pub fn generate(common_name: &str) -> Result<Self, StartError> {
        let pkcs8 = Source::Memory.pkcs8()?;
        let failed = |error| StartError::caused("the test certificate could not be made", error);
        let key = KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(pkcs8.as_slice()),
            &PKCS_RSA_SHA256,
        )
        .map_err(failed)?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        let (year, month, day) = real_date(-1);
        params.not_before = date_time_ymd(year, month, day);
        let (year, month, day) = real_date(365);
        params.not_after = date_time_ymd(year, month, day);
        let certificate = params.self_signed(&key).map_err(failed)?;
        let read = RegisteredCertificate::read(certificate.der())
            .map_err(|problem| StartError::config(format!("the test certificate: {problem}")))?;
        Ok(Self {
            key: key.serialize_pem(),
            certificate: certificate.pem(),
            thumbprint: read.thumbprint(),
        })
    }

    /// The private key (PKCS#8) and the certificate, in one PEM text.
    pub fn pem(&self) -> String {
        format!("{}{}", self.key, self.certificate)
    }

    /// The certificate alone, which may be public.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// The private key alone.
    pub fn key_pem(&self) -> &str {
        &self.key
    }

    /// The SHA-1 thumbprint: 40 hexadecimal digits in capitals.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

impl fmt::Debug for TestCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCertificate")
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}
