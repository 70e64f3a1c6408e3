//! `--via workload-identity`: a pod of a Kubernetes cluster.

use std::sync::Arc;

use entra_identity::WorkloadIdentityCredential;
use identity_base::BoxFuture;

use super::{Inputs, Opened, Way};
use crate::failure::Failure;

pub(super) const WAY: Way = Way {
    name: "workload-identity",
    credential: "WorkloadIdentityCredential",
    summary: "a pod of a Kubernetes cluster, by its service account's token",
    variables: &[
        (
            "AZURE_FEDERATED_TOKEN_FILE",
            "the file with the token of the pod's service account",
        ),
        (
            "AZURE_KUBERNETES_TOKEN_PROXY, AZURE_KUBERNETES_SNI_NAME, AZURE_KUBERNETES_CA_FILE",
            "set by clusters with identity bindings; used with --identity-binding-proxy",
        ),
    ],
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let settings = &inputs.settings;
        let mut builder = WorkloadIdentityCredential::builder()
            .with_identity_binding_proxy(settings.identity_binding_proxy)
            .with_options(&inputs.client);
        if let Some(tenant) = &settings.tenant {
            builder = builder.with_tenant_id(tenant);
        }
        if let Some(client_id) = &settings.client_id {
            builder = builder.with_client_id(client_id);
        }
        if let Some(file) = &settings.token_file {
            builder = builder.with_token_file_path(file);
        }
        // What is missing the credential lists at once, with the variables that the cluster should have set.
        Ok(Opened {
            credential: Arc::new(builder.build()?),
            tenant: inputs.tenant().ok(),
            client_id: inputs.client_id().ok(),
        })
    })
}
