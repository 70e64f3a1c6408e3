//! `--via client-secret`: an application and its secret.

use std::sync::Arc;

use entra_identity::ClientSecretCredential;
use identity_base::BoxFuture;

use super::{Inputs, Opened, Way};
use crate::failure::Failure;

pub(super) const WAY: Way = Way {
    name: "client-secret",
    credential: "ClientSecretCredential",
    summary: "an application (service principal) and its client secret",
    variables: &[
        ("AZURE_TENANT_ID", "the tenant"),
        ("AZURE_CLIENT_ID", "the application's client id"),
        ("AZURE_CLIENT_SECRET", "its client secret"),
        ("AZURE_CLIENT_SECRET_FILE", "a file with its client secret"),
    ],
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let (tenant, client_id) = (inputs.tenant()?, inputs.client_id()?);
        let secret = inputs.read(inputs.client_secret()).await?;
        let credential = ClientSecretCredential::builder(&tenant, &client_id, secret)
            .with_options(&inputs.client)
            .build()?;
        Ok(Opened {
            credential: Arc::new(credential),
            tenant: Some(tenant),
            client_id: Some(client_id),
        })
    })
}
