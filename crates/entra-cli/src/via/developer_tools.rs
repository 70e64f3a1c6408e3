//! `--via azure-cli`, `azure-developer-cli`, `azure-powershell`: whoever is signed in to a developer tool.

use std::sync::Arc;

use entra_identity::{
    AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential, Error, TokenCredential,
};

use super::{Inputs, Opened, Way};
use crate::failure::Failure;

const PATH: (&str, &str) = (
    "PATH",
    "where developer tools are looked for, in absolute directories alone",
);

pub(super) const AZURE_CLI: Way = Way {
    name: "azure-cli",
    credential: "AzureCliCredential",
    summary: "the account of `az login`; --subscription chooses another one",
    variables: &[PATH],
    open: |inputs| {
        Box::pin(async {
            let mut builder = AzureCliCredential::builder().with_options(&inputs.client);
            if let Some(tenant) = &inputs.settings.tenant {
                builder = builder.with_tenant_id(tenant);
            }
            if let Some(subscription) = &inputs.settings.subscription {
                builder = builder.with_subscription(subscription);
            }
            opened(inputs, builder.build())
        })
    },
};

pub(super) const AZURE_DEVELOPER_CLI: Way = Way {
    name: "azure-developer-cli",
    credential: "AzureDeveloperCliCredential",
    summary: "the account of `azd auth login`",
    variables: &[],
    open: |inputs| {
        Box::pin(async {
            let mut builder = AzureDeveloperCliCredential::builder().with_options(&inputs.client);
            if let Some(tenant) = &inputs.settings.tenant {
                builder = builder.with_tenant_id(tenant);
            }
            opened(inputs, builder.build())
        })
    },
};

pub(super) const AZURE_POWERSHELL: Way = Way {
    name: "azure-powershell",
    credential: "AzurePowerShellCredential",
    summary: "the account of `Connect-AzAccount`",
    variables: &[],
    open: |inputs| {
        Box::pin(async {
            let mut builder = AzurePowerShellCredential::builder().with_options(&inputs.client);
            if let Some(tenant) = &inputs.settings.tenant {
                builder = builder.with_tenant_id(tenant);
            }
            opened(inputs, builder.build())
        })
    },
};

/// The tenant is that of --tenant alone: `AZURE_TENANT_ID` is about applications, and the tool is signed in somewhere already.
fn opened(
    inputs: &Inputs,
    credential: Result<impl TokenCredential + 'static, Error>,
) -> Result<Opened, Failure> {
    Ok(Opened {
        credential: Arc::new(credential?),
        tenant: inputs.settings.tenant.clone(),
        client_id: None,
    })
}
