//! `--via shared-token-cache`, `browser`, `device-code`: a person who signed in, or signs in now.

use std::sync::Arc;

use entra_identity::{
    DeviceCodeCredential, Error, InteractiveBrowserCredential, SharedTokenCacheCredential, TokenCredential,
};

use super::{Inputs, Opened, Way};
use crate::failure::Failure;

pub(super) const SHARED_TOKEN_CACHE: Way = Way {
    name: "shared-token-cache",
    credential: "SharedTokenCacheCredential",
    summary: "an account in the token cache that developer tools share",
    variables: &[("AZURE_USERNAME", "whose account of the shared cache is meant")],
    open: |inputs| {
        Box::pin(async {
            let mut builder = SharedTokenCacheCredential::builder().with_options(&inputs.client);
            if let Some(username) = inputs.env().var("AZURE_USERNAME") {
                builder = builder.with_username(username);
            }
            if let Some(tenant) = &inputs.settings.tenant {
                builder = builder.with_tenant_id(tenant);
            }
            opened(inputs, builder.build())
        })
    },
};

pub(super) const BROWSER: Way = Way {
    name: "browser",
    credential: "InteractiveBrowserCredential",
    summary: "a person who signs in with the system's browser",
    variables: &[],
    open: |inputs| {
        Box::pin(async {
            let mut builder = InteractiveBrowserCredential::builder().with_options(&inputs.client);
            if let Some(tenant) = &inputs.settings.tenant {
                builder = builder.with_tenant_id(tenant);
            }
            if let Some(client_id) = &inputs.settings.client_id {
                builder = builder.with_client_id(client_id);
            }
            opened(inputs, builder.build())
        })
    },
};

pub(super) const DEVICE_CODE: Way = Way {
    name: "device-code",
    credential: "DeviceCodeCredential",
    summary: "a person who signs in on another device, by a code that is shown",
    variables: &[],
    open: |inputs| {
        Box::pin(async {
            let mut builder = DeviceCodeCredential::builder().with_options(&inputs.client);
            if let Some(tenant) = &inputs.settings.tenant {
                builder = builder.with_tenant_id(tenant);
            }
            if let Some(client_id) = &inputs.settings.client_id {
                builder = builder.with_client_id(client_id);
            }
            opened(inputs, builder.build())
        })
    },
};

/// Tenant and client id are those of the options alone: the variables are about applications of services, and people sign in to others.
fn opened(
    inputs: &Inputs,
    credential: Result<impl TokenCredential + 'static, Error>,
) -> Result<Opened, Failure> {
    Ok(Opened {
        credential: Arc::new(credential?),
        tenant: inputs.settings.tenant.clone(),
        client_id: inputs.settings.client_id.clone(),
    })
}
