//! GitHub Actions: the id token of a workflow job.

use std::fmt;

use http::header::{ACCEPT, HeaderValue};
use identity_base::seam::HttpRequest;
use identity_base::{BoxFuture, Error, ErrorKind, Secret};
use identity_runtime::ClientOptions;
use identity_runtime::assertion::{AssertionContext, ClientAssertion};
use identity_runtime::env_vars::{ACTIONS_ID_TOKEN_REQUEST_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL};

use super::{IdTokenRequest, bearer, fetch, service_url, with_query};
use crate::federated::audience_for;

/// Set in every job.
const GITHUB_ACTIONS: &str = "GITHUB_ACTIONS";

/// Asks the workflow's service for an id token. Each request to the token endpoint gets a new one, since they live for minutes only.
pub(crate) struct GitHubAssertion {
    credential: &'static str,
    audience: Option<String>,
    options: ClientOptions,
}

impl GitHubAssertion {
    pub(crate) fn new(credential: &'static str, audience: Option<String>, options: &ClientOptions) -> Self {
        Self {
            credential,
            audience,
            options: options.clone(),
        }
    }

    fn variable(&self, name: &str) -> Result<String, Error> {
        self.options.env().var(name).ok_or_else(|| {
            let in_workflow = self
                .options
                .env()
                .var(GITHUB_ACTIONS)
                .is_some_and(|value| value.eq_ignore_ascii_case("true"));
            Error::unavailable(format!("{name} is not set")).with_hint(match in_workflow {
                true => "add `permissions: id-token: write` to the workflow or the job",
                false => "this credential works inside a GitHub Actions job alone",
            })
        })
    }

    async fn token(&self, context: &AssertionContext) -> Result<Secret, Error> {
        let url = self.variable(ACTIONS_ID_TOKEN_REQUEST_URL)?;
        let request_token = Secret::from(self.variable(ACTIONS_ID_TOKEN_REQUEST_TOKEN)?);
        let audience = match &self.audience {
            Some(audience) => audience.as_str(),
            None => audience_for(&context.token_endpoint)
                .map_err(|error| error.with_kind(ErrorKind::CredentialUnavailable))?,
        };
        let url = service_url(ACTIONS_ID_TOKEN_REQUEST_URL, &url)?;
        let request = HttpRequest::get(with_query(&url, &[("audience", audience)])?)
            .header(
                http::header::AUTHORIZATION,
                bearer(&request_token, ACTIONS_ID_TOKEN_REQUEST_TOKEN)?,
            )
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        let host = request.uri.host().unwrap_or_default().to_owned();
        let wanted = IdTokenRequest {
            credential: self.credential,
            request,
            key: &["github-actions", &host, audience],
            member: "value",
            secret: &request_token,
        };
        fetch(&self.options, wanted, |error| {
            error
                .with_kind(ErrorKind::CredentialUnavailable)
                .with_hint("the job's request token may have expired (after about six hours), or the workflow lacks `permissions: id-token: write`")
        })
        .await
    }
}

impl ClientAssertion for GitHubAssertion {
    fn assertion<'a>(&'a self, context: &'a AssertionContext) -> BoxFuture<'a, Result<Secret, Error>> {
        Box::pin(self.token(context))
    }
}

impl fmt::Debug for GitHubAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubAssertion")
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
