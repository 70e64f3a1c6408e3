//! `--via managed-identity`: the identity of the Azure host.

use std::sync::Arc;

use entra_identity::{ManagedIdentityCredential, ManagedIdentitySource, UserAssignedId};
use identity_base::BoxFuture;

use super::{Inputs, Opened, Way};
use crate::failure::Failure;

pub(super) const WAY: Way = Way {
    name: "managed-identity",
    credential: "ManagedIdentityCredential",
    summary: "the identity of the Azure host; --source chooses where it is asked for",
    variables: &[
        (
            "IDENTITY_ENDPOINT, IDENTITY_HEADER, MSI_ENDPOINT, MSI_SECRET, IMDS_ENDPOINT",
            "set by Azure hosts; they tell where the managed identity is",
        ),
        (
            "AZURE_POD_IDENTITY_AUTHORITY_HOST",
            "replaces the address of the instance metadata service",
        ),
    ],
    open: |inputs| open(inputs),
};

fn open(inputs: &Inputs) -> BoxFuture<'_, Result<Opened, Failure>> {
    Box::pin(async {
        let mut builder = ManagedIdentityCredential::builder().with_options(&inputs.client);
        if let Some(identity) = identity(inputs)? {
            builder = builder.with_user_assigned(identity);
        }
        if let Some(source) = &inputs.settings.source {
            builder = builder.with_source(source.parse::<ManagedIdentitySource>()?);
        }
        if let Some(directory) = &inputs.settings.arc_key_directory {
            builder = builder.with_arc_key_directory(directory);
        }
        Ok(Opened {
            credential: Arc::new(builder.build()?),
            tenant: None,
            client_id: inputs.settings.client_id.clone(),
        })
    })
}

/// The identity that the options name. Unlike with applications, no variable does: the host's own identity is as good a wish as any.
fn identity(inputs: &Inputs) -> Result<Option<UserAssignedId>, Failure> {
    let given = [
        inputs
            .settings
            .client_id
            .as_deref()
            .map(UserAssignedId::client_id),
        inputs
            .settings
            .object_id
            .as_deref()
            .map(UserAssignedId::object_id),
        inputs
            .settings
            .resource_id
            .as_deref()
            .map(UserAssignedId::resource_id),
    ];
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => Ok(Some(one?)),
        (Some(_), Some(_)) => Err(Failure::usage(
            "more than one of --client-id, --object-id and --resource-id was given",
        )
        .hint("each of them names an identity; one is enough")),
    }
}
