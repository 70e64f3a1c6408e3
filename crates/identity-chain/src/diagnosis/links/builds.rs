//! The jobs of build systems, which hand out id tokens.

use identity_runtime::env_vars::{
    ACTIONS_ID_TOKEN_REQUEST_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL, AZURE_CLIENT_ID, AZURE_TENANT_ID,
    AZURESUBSCRIPTION_CLIENT_ID, AZURESUBSCRIPTION_SERVICE_CONNECTION_ID, AZURESUBSCRIPTION_TENANT_ID,
    SYSTEM_ACCESSTOKEN, SYSTEM_OIDCREQUESTURI,
};

use crate::diagnosis::look::Look;
use crate::diagnosis::report::LinkReport;
use crate::environment::settings::are;

pub(super) const AZURE_PIPELINES: &[&str] = &[
    SYSTEM_OIDCREQUESTURI,
    SYSTEM_ACCESSTOKEN,
    AZURESUBSCRIPTION_CLIENT_ID,
    AZURESUBSCRIPTION_TENANT_ID,
    AZURESUBSCRIPTION_SERVICE_CONNECTION_ID,
];
pub(super) const GITHUB_ACTIONS: &[&str] = &[
    ACTIONS_ID_TOKEN_REQUEST_URL,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN,
    AZURE_CLIENT_ID,
    AZURE_TENANT_ID,
];

/// Which of the variables that a job has are there, by name.
pub(super) fn inspect(look: &Look<'_>, link: &mut LinkReport, variables: &[&'static str]) {
    let set = look.set(variables);
    let missing: Vec<&str> = variables
        .iter()
        .copied()
        .filter(|name| !set.contains(name))
        .collect();
    for (names, what) in [(set.as_slice(), "set"), (missing.as_slice(), "not set")] {
        if !names.is_empty() {
            link.evidence.push(are(names, what));
        }
    }
}
