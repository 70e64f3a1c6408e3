//! The proof that a builder was given: one of several.

use identity_base::{Error, ErrorKind, Secret};
use identity_runtime::assertion::AssertionSource;

use super::{AssertionOptions, CertificateSource};
use crate::application::{CertificateSetup, ProofSetup};

/// What a builder was told about the application's proof.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProofChoice {
    pub(crate) secret: Option<Secret>,
    pub(crate) certificate: Option<CertificateSource>,
    pub(crate) password: Option<Secret>,
    pub(crate) assertions: AssertionOptions,
    pub(crate) assertion: Option<AssertionSource>,
}

impl ProofChoice {
    /// The one proof that was given; `None` when there is none.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when there is more than one.
    pub(crate) fn single(self) -> Result<Option<ProofSetup>, Error> {
        let secret = self.secret.map(ProofSetup::Secret);
        let certificate = self.certificate.map(|source| {
            ProofSetup::Certificate(Box::new(CertificateSetup {
                source,
                password: self.password,
                assertions: self.assertions,
            }))
        });
        let assertion = self.assertion.map(ProofSetup::Assertion);
        let mut given = [secret, certificate, assertion].into_iter().flatten();
        match (given.next(), given.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(Error::new(
                ErrorKind::InvalidConfiguration,
                "more than one of client secret, certificate and client assertion was given",
            )
            .with_hint("give the one that the application is to prove itself by")),
        }
    }
}

/// The methods of every builder that takes any kind of proof, which is in `self.proof`.
macro_rules! proof_methods {
    () => {
        /// Lets the application prove itself by a secret.
        pub fn with_client_secret(mut self, secret: impl Into<Secret>) -> Self {
            self.proof.secret = Some(secret.into());
            self
        }

        /// Lets the application prove itself by the certificate and key in a file, which is read when the credential is built and whenever it changes.
        pub fn with_certificate_path(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.proof.certificate = Some($crate::proof::CertificateSource::Path(path.into()));
            self
        }

        /// Lets the application prove itself by a certificate that is read already.
        pub fn with_certificate(mut self, certificate: $crate::ClientCertificate) -> Self {
            self.proof.certificate = Some($crate::proof::CertificateSource::Ready(certificate));
            self
        }

        /// Sets the password of the certificate file.
        pub fn with_certificate_password(mut self, password: impl Into<Secret>) -> Self {
            self.proof.password = Some(password.into());
            self
        }

        /// Sets whether the certificates of the file are sent along (`x5c`). Default: no.
        pub fn with_certificate_chain(mut self, send: bool) -> Self {
            self.proof.assertions.send_chain = send;
            self
        }

        /// Sets whether an assertion that was signed with the certificate's key is used again for the same endpoint while it has a minute of life left.
        /// Default: yes, as Entra allows it. An identity provider that takes an assertion once only needs a no.
        pub fn with_assertion_reuse(mut self, reuse: bool) -> Self {
            self.proof.assertions.reuse = reuse;
            self
        }

        /// Lets the application prove itself by assertions from elsewhere.
        pub fn with_client_assertion(mut self, source: impl Into<$crate::AssertionSource>) -> Self {
            self.proof.assertion = Some(source.into());
            self
        }
    };
}
pub(crate) use proof_methods;
