//! Making on-behalf-of credentials.

use std::sync::Arc;

use identity_base::{Error, ErrorKind, Secret};
use identity_runtime::ClientOptions;

use super::{NAME, OnBehalfOfCredential, OnBehalfOfCredentials};
use crate::application::{Application, Setup, setup_methods};
use crate::proof::{ProofChoice, proof_methods};

/// Makes an [`OnBehalfOfCredential`], or [`OnBehalfOfCredentials`] for many users.
#[derive(Clone, Debug)]
#[must_use]
pub struct OnBehalfOfCredentialBuilder {
    setup: Setup,
    proof: ProofChoice,
}

impl OnBehalfOfCredentialBuilder {
    pub(super) fn new(tenant_id: &str, client_id: &str) -> Self {
        Self {
            setup: Setup::new(tenant_id, client_id),
            proof: ProofChoice::default(),
        }
    }

    setup_methods!();
    proof_methods!();

    /// Checks the settings and makes the credential for one user. Needs no runtime; a certificate's file is read in this call.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the client id, a tenant or an option can't be, when the assertion is empty, when the application has no
    /// proof or more than one, and for a certificate that [`ClientCertificate::from_bytes`](crate::ClientCertificate::from_bytes) refuses.
    pub fn build(self, user_assertion: impl Into<Secret>) -> Result<OnBehalfOfCredential, Error> {
        OnBehalfOfCredential::of(self.application()?, user_assertion.into())
    }

    /// Checks the settings and makes what hands out a credential for each user.
    ///
    /// # Errors
    /// As [`OnBehalfOfCredentialBuilder::build`].
    pub fn build_for_many(self) -> Result<OnBehalfOfCredentials, Error> {
        Ok(OnBehalfOfCredentials::new(self.application()?))
    }

    fn application(self) -> Result<Arc<Application>, Error> {
        let proof = self.proof.single().and_then(|proof| {
            proof.ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidConfiguration,
                    "neither a client secret, a certificate nor a client assertion was given",
                )
                .with_hint("the application has to prove itself: give one of them to the builder")
            })
        });
        let proof = proof.map_err(|error| error.with_credential(NAME))?;
        self.setup.build(NAME, proof).map(Arc::new)
    }
}
