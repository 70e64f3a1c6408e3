//! `--via on-behalf-of`: a web service, for the user whose token it was called with.

use std::sync::Arc;

use entra_identity::OnBehalfOfCredential;
use identity_base::BoxFuture;

use super::proof::prove;
use super::{Inputs, Opened, Way};
use crate::failure::Failure;
use crate::secrets::Places;

pub(super) const WAY: Way = Way {
    name: "on-behalf-of",
    credential: "OnBehalfOfCredential",
    summary: "a web service, for the user whose token it was called with",
    variables: &[
        (
            "AZURE_USER_ASSERTION",
            "the access token that the web service was called with",
        ),
        ("AZURE_USER_ASSERTION_FILE", "a file with that token"),
    ],
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let (tenant, client_id) = (inputs.tenant()?, inputs.client_id()?);
        let user_assertion = inputs
            .read(Places {
                what: "user assertion",
                option: "--user-assertion-file",
                file: inputs.settings.user_assertion_file.as_deref(),
                variable: "AZURE_USER_ASSERTION",
            })
            .await?;
        let proof = inputs.proof().await?.ok_or_else(|| {
            Failure::unavailable("there is nothing that proves the web service").hint(
                "set AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_CLIENT_ASSERTION, or use --client-secret-file, --certificate or --client-assertion-file",
            )
        })?;
        let builder = OnBehalfOfCredential::builder(&tenant, &client_id).with_options(&inputs.client);
        let credential = prove!(builder, proof).build(user_assertion)?;
        Ok(Opened {
            credential: Arc::new(credential),
            tenant: Some(tenant),
            client_id: Some(client_id),
        })
    })
}
