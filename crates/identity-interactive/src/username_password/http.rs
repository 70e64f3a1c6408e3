//! Requests beside those for tokens: who the account belongs to, and the organization's own server.

use http::Uri;
use identity_base::seam::{HttpRequest, HttpResponse};
use identity_base::{Error, ErrorKind, Foreign};
use identity_runtime::ClientOptions;
use identity_runtime::entra::RequestHeaders;
use identity_runtime::retry::{Call, Judgement, Repeat, RequestKey, failure};

use super::NAME;

/// An `https` address.
///
/// # Errors
/// [`ErrorKind::Protocol`] for anything else.
pub(super) fn https(url: &str, what: &str) -> Result<Uri, Error> {
    url.parse::<Uri>()
        .ok()
        .filter(|uri| uri.scheme_str() == Some("https") && uri.host().is_some())
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Protocol,
                format!("{what} {} is not an https address", Foreign::quoted(url, 120)),
            )
        })
}

/// Sends a request until there is an answer that isn't a failure of the moment. `accepts` names statuses that are answers although they look like one.
pub(super) async fn exchange(
    options: &ClientOptions,
    headers: &RequestHeaders,
    request: HttpRequest,
    accepts: impl Fn(&HttpResponse) -> bool,
) -> Result<HttpResponse, Error> {
    let host = request.uri.host().unwrap_or_default().to_owned();
    let key = RequestKey::of(&[NAME, request.method.as_str(), &host, request.uri.path()]);
    let policy = options.retry_policy();
    let judge = |response: HttpResponse, _| {
        let status = response.status.as_u16();
        if (300..400).contains(&status) {
            return Judgement::Done(Err(failure::status(&host, status)));
        }
        match policy.is_transient_status(status) && !accepts(&response) {
            true => Judgement::Repeat(Repeat::new(failure::status(&host, status))),
            false => Judgement::Done(Ok(response)),
        }
    };
    options
        .sender()
        .send(policy, &Call::new(NAME, key), headers.apply(request), judge)
        .await
}
