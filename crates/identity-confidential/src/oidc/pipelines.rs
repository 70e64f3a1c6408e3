//! Azure Pipelines: the id token of a service connection.

use std::fmt;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Uri};
use identity_base::seam::HttpRequest;
use identity_base::{BoxFuture, Error, ErrorKind, Secret};
use identity_runtime::ClientOptions;
use identity_runtime::assertion::{AssertionContext, ClientAssertion};
use identity_runtime::env_vars::SYSTEM_OIDCREQUESTURI;

use super::{IdTokenRequest, bearer, fetch, service_url, with_query};

/// The version of the API that is asked.
const API_VERSION: &str = "7.1";
/// Without it the service answers a bad token with a redirect to a sign-in page.
const FED_AUTH_REDIRECT: HeaderName = HeaderName::from_static("x-tfs-fedauthredirect");

/// Asks the pipeline's service for an id token of one service connection.
pub(crate) struct PipelinesAssertion {
    credential: &'static str,
    service_connection: String,
    access_token: Secret,
    options: ClientOptions,
}

impl PipelinesAssertion {
    pub(crate) fn new(
        credential: &'static str,
        service_connection: String,
        access_token: Secret,
        options: &ClientOptions,
    ) -> Self {
        Self {
            credential,
            service_connection,
            access_token,
            options: options.clone(),
        }
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        let base = self.options.env().var(SYSTEM_OIDCREQUESTURI).ok_or_else(|| {
            Error::unavailable(format!("{SYSTEM_OIDCREQUESTURI} is not set")).with_hint(
                "this credential works inside an Azure Pipelines job alone, in a task that has a service connection with workload identity federation",
            )
        })?;
        let base = without_trailing_slash(&service_url(SYSTEM_OIDCREQUESTURI, &base)?)?;
        let parameters = [
            ("api-version", API_VERSION),
            ("serviceConnectionId", self.service_connection.as_str()),
        ];
        let mut request = HttpRequest::get(with_query(&base, &parameters)?)
            .header(
                http::header::AUTHORIZATION,
                bearer(&self.access_token, "the system access token")?,
            )
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(FED_AUTH_REDIRECT, HeaderValue::from_static("Suppress"));
        request.method = Method::POST;
        Ok(request)
    }

    async fn token(&self) -> Result<Secret, Error> {
        let request = self.request()?;
        let host = request.uri.host().unwrap_or_default().to_owned();
        let wanted = IdTokenRequest {
            credential: self.credential,
            request,
            key: &["pipelines", &host, &self.service_connection],
            member: "oidcToken",
            secret: &self.access_token,
        };
        fetch(&self.options, wanted, |error| {
            error.with_kind(ErrorKind::AuthenticationFailed).with_hint(
                "pass $(System.AccessToken) to the step, check the service connection's id, and that the pipeline may use that connection",
            )
        })
        .await
    }
}

/// The same URL without slashes at the end of its path.
fn without_trailing_slash(uri: &Uri) -> Result<Uri, Error> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path().trim_end_matches('/');
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("https://{authority}{path}{query}").parse().map_err(|_| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{SYSTEM_OIDCREQUESTURI} is not a URL"),
        )
    })
}

impl ClientAssertion for PipelinesAssertion {
    fn assertion<'a>(&'a self, _context: &'a AssertionContext) -> BoxFuture<'a, Result<Secret, Error>> {
        Box::pin(self.token())
    }
}

impl fmt::Debug for PipelinesAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelinesAssertion")
            .field("service_connection", &self.service_connection)
            .finish_non_exhaustive()
    }
}
