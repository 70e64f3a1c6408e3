//! How an application proves to the token endpoint that it is itself.

mod certificate;
mod choice;

use std::sync::Arc;

use identity_base::{Error, ErrorKind, Secret, TenantId};
use identity_runtime::assertion::AssertionSource;
use identity_runtime::entra::{ClientAuth, EntraClient, Grant, TokenResponse};

pub(crate) use self::certificate::{AssertionOptions, CertificateProof, CertificateSource};
pub(crate) use self::choice::{ProofChoice, proof_methods};

/// What an application proves itself by.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Nothing: a public client.
    Public,
    /// A secret that the directory knows.
    Secret(Secret),
    /// Assertions signed with a certificate's key.
    Certificate(Arc<CertificateProof>, AssertionSource),
    /// Assertions of somebody else.
    Assertion(AssertionSource),
}

impl Proof {
    /// Proof by a secret.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when it is empty.
    pub(crate) fn secret(secret: Secret) -> Result<Self, Error> {
        match secret.is_empty() {
            false => Ok(Self::Secret(secret)),
            true => Err(
                Error::new(ErrorKind::InvalidConfiguration, "the client secret is empty")
                    .with_hint("use the secret's value, which the portal shows once when the secret is made"),
            ),
        }
    }

    /// Proof by certificate.
    pub(crate) fn certificate(certificate: CertificateProof) -> Self {
        let certificate = Arc::new(certificate);
        let source = AssertionSource::new(certificate::Shared(Arc::clone(&certificate)));
        Self::Certificate(certificate, source)
    }

    /// The kind, for cache identities.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Secret(_) => "secret",
            Self::Certificate(..) => "certificate",
            Self::Assertion(_) => "assertion",
        }
    }

    /// Sends a grant with the proof. When a certificate was refused as one that is being replaced, and the file holds another one by now, the request is
    /// made once more with that.
    ///
    /// # Errors
    /// As [`EntraClient::send`], and when there is no proof.
    pub(crate) async fn send(
        &self,
        client: &EntraClient,
        tenant: &TenantId,
        grant: Grant,
    ) -> Result<TokenResponse, Error> {
        match self {
            Self::Public => client.send(tenant, &grant).await,
            Self::Secret(secret) => {
                client
                    .send(tenant, &grant.auth(&ClientAuth::Secret(secret.clone())))
                    .await
            }
            Self::Assertion(source) => client.send_asserted(tenant, &grant, source).await,
            Self::Certificate(certificate, source) => {
                certificate.refresh().await;
                let used = certificate.generation();
                match client.send_asserted(tenant, &grant, source).await {
                    Err(error) if certificate.is_replaced_after(&error, used).await => {
                        client.send_asserted(tenant, &grant, source).await
                    }
                    outcome => outcome,
                }
            }
        }
    }

    /// A number that changes with the proof.
    pub(crate) fn generation(&self) -> u64 {
        match self {
            Self::Public | Self::Secret(_) => 0,
            Self::Certificate(_, source) | Self::Assertion(source) => source.generation(),
        }
    }
}
