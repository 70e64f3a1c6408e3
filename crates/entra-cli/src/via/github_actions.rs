//! `--via github-actions`: a job of a GitHub workflow.

use std::sync::Arc;

use entra_identity::GitHubActionsCredential;
use identity_base::BoxFuture;

use super::{Inputs, Opened, Way};
use crate::failure::Failure;

pub(super) const WAY: Way = Way {
    name: "github-actions",
    credential: "GitHubActionsCredential",
    summary: "a job of a GitHub workflow that the application trusts",
    variables: &[(
        "ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "set by the runner when the job has the permission id-token: write",
    )],
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let (tenant, client_id) = (inputs.tenant()?, inputs.client_id()?);
        let mut builder = GitHubActionsCredential::builder(&tenant, &client_id).with_options(&inputs.client);
        if let Some(audience) = &inputs.settings.audience {
            builder = builder.with_audience(audience);
        }
        Ok(Opened {
            credential: Arc::new(builder.build()?),
            tenant: Some(tenant),
            client_id: Some(client_id),
        })
    })
}
