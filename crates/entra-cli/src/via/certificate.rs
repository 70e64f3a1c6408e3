//! `--via certificate`: an application and its certificate.

use std::sync::Arc;

use entra_identity::CertificateCredential;
use identity_base::BoxFuture;

use super::proof::CERTIFICATE_VARIABLES;
use super::{Inputs, Opened, Way};
use crate::failure::Failure;

pub(super) const WAY: Way = Way {
    name: "certificate",
    credential: "CertificateCredential",
    summary: "an application and its certificate with the private key",
    variables: &CERTIFICATE_VARIABLES,
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let (tenant, client_id) = (inputs.tenant()?, inputs.client_id()?);
        let certificate = inputs.certificate().await?.ok_or_else(|| {
            Failure::unavailable("there is no certificate")
                .hint("set AZURE_CLIENT_CERTIFICATE_PATH, or use --certificate FILE")
        })?;
        let mut builder = CertificateCredential::from_path(&tenant, &client_id, certificate.path)
            .with_certificate_chain(certificate.send_chain)
            .with_options(&inputs.client);
        if let Some(password) = certificate.password {
            builder = builder.with_password(password);
        }
        Ok(Opened {
            credential: Arc::new(builder.build()?),
            tenant: Some(tenant),
            client_id: Some(client_id),
        })
    })
}
