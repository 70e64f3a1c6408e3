//! What each kind of credential shows before it is asked.

mod application;
mod builds;
mod caches;
#[cfg(feature = "managed")]
mod managed;
mod tools;
mod workload;

use identity_base::Foreign;

use super::given::Given;
use super::look::Look;
use super::report::LinkReport;

/// Fills in evidence and findings of a credential, by its type name. Reads variables and files; starts a tool only to learn its version, and sends nothing.
pub(crate) async fn inspect(look: &Look<'_>, link: &mut LinkReport, given: &Given) {
    let told: Vec<String> = given
        .all()
        .map(|(what, value)| format!("{what} {}", Foreign::new(value, 120)))
        .collect();
    if !told.is_empty() {
        link.evidence
            .push(format!("given by the program: {}", told.join(", ")));
    }
    match link.credential {
        "EnvironmentCredential" => application::inspect(look, link).await,
        "WorkloadIdentityCredential" => workload::inspect(look, link, given).await,
        #[cfg(feature = "managed")]
        "ManagedIdentityCredential" => managed::inspect(look, link, given).await,
        "AzureCliCredential" => tools::inspect(look, link, &tools::AZ).await,
        "AzureDeveloperCliCredential" => tools::inspect(look, link, &tools::AZD).await,
        "AzurePowerShellCredential" => tools::inspect(look, link, &tools::PWSH).await,
        "SharedTokenCacheCredential" => caches::shared(look, link).await,
        "VisualStudioCodeCredential" => caches::visual_studio_code(look, link).await,
        "AzurePipelinesCredential" => builds::inspect(look, link, builds::AZURE_PIPELINES),
        "GitHubActionsCredential" => builds::inspect(look, link, builds::GITHUB_ACTIONS),
        _ => {}
    }
}

/// Whether asking a credential would show a person something.
pub(crate) fn asks_a_person(credential: &str) -> bool {
    matches!(
        credential,
        "InteractiveBrowserCredential" | "DeviceCodeCredential"
    )
}

/// The command that signs a person in to a developer tool, for a token for `scope`.
pub(crate) fn sign_in(credential: &str, scope: &str) -> Option<String> {
    // The text may be copied into a shell.
    let is_plain = !scope.is_empty()
        && scope
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte));
    let for_scope = |option: &str| match is_plain {
        true => format!(" {option} {scope}"),
        false => String::new(),
    };
    Some(match credential {
        "AzureCliCredential" => format!("run `az login{}`", for_scope("--scope")),
        "AzureDeveloperCliCredential" => format!("run `azd auth login{}`", for_scope("--scope")),
        "AzurePowerShellCredential" => "run `Connect-AzAccount`".to_owned(),
        _ => return None,
    })
}
