//! Where a managed identity would come from, and which one it would be.

use identity_managed::{ManagedIdentityCredential, UserAssignedId};
use identity_runtime::env_vars::{AZURE_CLIENT_ID, AZURE_POD_IDENTITY_AUTHORITY_HOST};

use crate::diagnosis::given::{Given, Managed};
use crate::diagnosis::look::Look;
use crate::diagnosis::report::LinkReport;

pub(super) async fn inspect(look: &Look<'_>, link: &mut LinkReport, given: &Given) {
    let mut builder = ManagedIdentityCredential::builder().with_options(look.options);
    if let Managed::ByDefault { exchanges, .. } = given.managed {
        builder = builder.with_token_exchange(exchanges);
    }
    // One that can't be is the credential's own error, which is told below.
    if let Some(Ok(id)) = given.client_id.as_deref().map(UserAssignedId::client_id) {
        builder = builder.with_user_assigned(id);
    }
    match builder.build() {
        Ok(credential) => {
            let found = credential.detect().await;
            link.evidence.push(format!("source {found}"));
        }
        Err(error) => link
            .evidence
            .push(format!("no source can be used: {}", error.message())),
    }
    let is_set = |variable: &str| look.env().var(variable).is_some();
    if is_set(AZURE_CLIENT_ID)
        && let Some(what) = variable(given)
    {
        link.evidence.push(format!("{AZURE_CLIENT_ID} is set, {what}"));
    }
    if is_set(AZURE_POD_IDENTITY_AUTHORITY_HOST) {
        link.evidence.push(format!(
            "{AZURE_POD_IDENTITY_AUTHORITY_HOST} is set, so the address of IMDS is another one"
        ));
    }
}

/// What it means that `AZURE_CLIENT_ID` is set; nothing where it is unknown how the credential was made.
const fn variable(given: &Given) -> Option<&'static str> {
    match (given.managed, &given.client_id) {
        (Managed::ByDefault { is_system: true, .. }, _) => {
            Some("but the program asks for the host's own identity")
        }
        (_, Some(_)) => Some("but the program asks for another identity by its client id"),
        (Managed::ByDefault { .. }, None) => Some("so that identity is asked for by default"),
        (Managed::ByProgram, None) => None,
    }
}
