//! `--via environment`: an application that variables name.

use std::sync::Arc;

use entra_identity::EnvironmentCredential;

use super::plan::overlaid;
use super::{Opened, Way};

pub(super) const WAY: Way = Way {
    name: "environment",
    credential: "EnvironmentCredential",
    summary: "an application with the secret or certificate that variables give",
    variables: &[
        ("AZURE_TENANT_ID", "the tenant"),
        ("AZURE_CLIENT_ID", "the application's client id"),
    ],
    open: |inputs| {
        Box::pin(async {
            let credential = EnvironmentCredential::builder()
                .with_options(&overlaid(inputs))
                .build()?;
            Ok(Opened {
                credential: Arc::new(credential),
                tenant: inputs.tenant().ok(),
                client_id: inputs.client_id().ok(),
            })
        })
    },
};
