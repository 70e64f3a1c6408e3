//! `--via github-actions`: a job of a GitHub workflow.

use std::sync::Arc;

use entra_identity::GitHubActionsCredential;
use identity_base::BoxFuture;
use identity_base::seam::Env;

use super::{Inputs, Opened, Way};
use crate::failure::Failure;

/// Where a job asks for id tokens, and what it shows there.
const URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// Set in every job.
const JOB: &str = "GITHUB_ACTIONS";

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
        let (tenant, client_id) = whom(inputs)?;
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

/// Tenant and client id, of a job that may ask for id tokens.
///
/// # Errors
/// An `unavailable` failure outside of jobs, else one that names all that is missing.
fn whom(inputs: &Inputs) -> Result<(String, String), Failure> {
    let env = inputs.env();
    if !is_job(env) {
        // Before anything else is asked for: none of it would help here.
        return Err(Failure::unavailable(format!(
            "this is no job of GitHub Actions: {JOB} and {URL} are not set"
        ))
        .hint("this credential works inside a GitHub Actions job alone; elsewhere choose another way with --via"));
    }
    let (tenant, client_id) = (inputs.tenant().ok(), inputs.client_id().ok());
    let is_permitted = env.var(URL).is_some() && env.var(TOKEN).is_some();
    let names = [
        (tenant.is_none(), "AZURE_TENANT_ID"),
        (client_id.is_none(), "AZURE_CLIENT_ID"),
        (env.var(URL).is_none(), URL),
        (env.var(TOKEN).is_none(), TOKEN),
    ];
    let missing: Vec<_> = names.iter().filter(|(is_missing, _)| *is_missing).collect();
    let mut hints = Vec::new();
    if tenant.is_none() || client_id.is_none() {
        hints.push("set tenant and client id in the workflow's `env`, or use --tenant and --client-id");
    }
    if !is_permitted {
        hints.push("add `permissions: id-token: write` to the workflow or the job");
    }
    match (tenant, client_id) {
        (Some(tenant), Some(client_id)) if is_permitted => Ok((tenant, client_id)),
        _ => {
            let missing: Vec<&str> = missing.into_iter().map(|(_, name)| *name).collect();
            let are = if missing.len() == 1 { "is" } else { "are" };
            Err(Failure::unavailable(format!("{} {are} not set", missing.join(", "))).hint(hints.join("; ")))
        }
    }
}

/// Whether a job of GitHub Actions runs the command.
fn is_job(env: &dyn Env) -> bool {
    env.var(JOB)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || env.var(URL).is_some()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use identity_runtime::ClientOptions;

    use super::*;

    fn text(variables: &[(&str, &str)]) -> String {
        let env: HashMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let inputs = Inputs {
            client: ClientOptions::new().with_env(Arc::new(env)),
            ..Inputs::default()
        };
        whom(&inputs).map_or_else(|failure| failure.text(), |(tenant, id)| format!("{tenant} {id}"))
    }

    #[test]
    fn outside_of_jobs_nothing_is_asked_for() {
        for variables in [&[][..], &[(JOB, "false")], &[("AZURE_TENANT_ID", "t")]] {
            let text = text(variables);
            assert!(text.contains("no job of GitHub Actions"), "{text}");
            assert!(!text.contains("AZURE_"), "{text}");
        }
    }

    #[test]
    fn a_job_hears_of_all_that_is_missing() {
        assert_eq!(
            text(&[(JOB, "true")]),
            "AZURE_TENANT_ID, AZURE_CLIENT_ID, ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set \
             [set tenant and client id in the workflow's `env`, or use --tenant and --client-id; \
             add `permissions: id-token: write` to the workflow or the job]"
        );
        let permitted = [(URL, "https://h.test/"), (TOKEN, "x"), ("AZURE_TENANT_ID", "t")];
        assert_eq!(
            text(&permitted),
            "AZURE_CLIENT_ID is not set [set tenant and client id in the workflow's `env`, or use --tenant and --client-id]"
        );
        let named = [(JOB, "true"), ("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")];
        let text_of_named = text(&named);
        assert!(
            text_of_named.starts_with("ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN are")
                && !text_of_named.contains("--tenant"),
            "{text_of_named}"
        );
        let all = [permitted.as_slice(), &[("AZURE_CLIENT_ID", "c")]].concat();
        assert_eq!(text(&all), "t c");
    }
}
