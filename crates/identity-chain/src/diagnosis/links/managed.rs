//! Where a managed identity would come from.

use identity_managed::ManagedIdentityCredential;
use identity_runtime::env_vars::{AZURE_CLIENT_ID, AZURE_POD_IDENTITY_AUTHORITY_HOST};

use crate::diagnosis::look::Look;
use crate::diagnosis::report::LinkReport;

pub(super) async fn inspect(look: &Look<'_>, link: &mut LinkReport) {
    match ManagedIdentityCredential::builder()
        .with_options(look.options)
        .build()
    {
        Ok(credential) => {
            let found = credential.detect().await;
            link.evidence.push(format!("source {found}"));
        }
        Err(error) => link
            .evidence
            .push(format!("no source can be used: {}", error.message())),
    }
    for (variable, what) in [
        (AZURE_CLIENT_ID, "set, so that identity is asked for by default"),
        (
            AZURE_POD_IDENTITY_AUTHORITY_HOST,
            "set, so the address of IMDS is another one",
        ),
    ] {
        if look.env().var(variable).is_some() {
            link.evidence.push(format!("{variable} is {what}"));
        }
    }
}
