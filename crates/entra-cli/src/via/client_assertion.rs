//! `--via client-assertion`: an application and a signed assertion from elsewhere.

use std::sync::Arc;

use entra_identity::ClientAssertionCredential;
use identity_base::BoxFuture;

use super::proof::ready_made;
use super::{Inputs, Opened, Way};
use crate::failure::Failure;

pub(super) const WAY: Way = Way {
    name: "client-assertion",
    credential: "ClientAssertionCredential",
    summary: "an application and a signed assertion (JWT) that something else made",
    variables: &[
        (
            "AZURE_CLIENT_ASSERTION",
            "an assertion by which the application proves itself",
        ),
        ("AZURE_CLIENT_ASSERTION_FILE", "a file with that assertion"),
    ],
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let (tenant, client_id) = (inputs.tenant()?, inputs.client_id()?);
        let assertion = ready_made(inputs.read(inputs.client_assertion()).await?);
        let credential = ClientAssertionCredential::builder(&tenant, &client_id, assertion)
            .with_options(&inputs.client)
            .build()?;
        Ok(Opened {
            credential: Arc::new(credential),
            tenant: Some(tenant),
            client_id: Some(client_id),
        })
    })
}
