//! Id tokens that a CI system hands out to its jobs, as client assertions.

mod excerpt;
mod github;
mod pipelines;

use form_urlencoded::byte_serialize;
use http::Uri;
use identity_base::seam::{HttpRequest, HttpResponse};
use identity_base::{Error, ErrorKind, Foreign, Secret};
use identity_runtime::ClientOptions;
use identity_runtime::json::Json;
use identity_runtime::retry::{Call, Judgement, Repeat, RequestKey, failure};

pub(crate) use self::github::GitHubAssertion;
pub(crate) use self::pipelines::PipelinesAssertion;

/// Id tokens are a few KB.
const MAX_BODY: usize = 64 * 1024;

/// A request for an id token, and how to read the answer.
struct IdTokenRequest<'a> {
    /// The credential's name, for events.
    credential: &'static str,
    request: HttpRequest,
    /// What tells this request from others to the same host.
    key: &'a [&'a str],
    /// The member of the answer that holds the token.
    member: &'static str,
    /// What is sent as a secret, so that an echo of it stays out of errors.
    secret: &'a Secret,
}

/// Fetches an id token. `refused` makes the error for a final answer without one.
async fn fetch(
    options: &ClientOptions,
    wanted: IdTokenRequest<'_>,
    refused: impl Fn(Error) -> Error,
) -> Result<Secret, Error> {
    let policy = options.retry_policy();
    // Whose address it is, is clear to nobody who reads of a host that a build system chose.
    let host = format!(
        "the id token service {}",
        wanted.request.uri.host().unwrap_or_default()
    );
    let call = Call::new(wanted.credential, RequestKey::of(wanted.key));
    let request = wanted.request.max_body(MAX_BODY);
    options
        .sender()
        .send(policy, &call, request, |response, _sent| {
            let status = response.status.as_u16();
            if policy.is_transient_status(status) {
                let repeat = Repeat::new(refused_with(&response, &host, wanted.secret));
                return Judgement::Repeat(match status {
                    500..=599 => repeat.host_failed(),
                    _ => repeat,
                });
            }
            Judgement::Done(read(&response, &host, wanted.member, wanted.secret).map_err(&refused))
        })
        .await
}

/// The token in an answer. A sign-in page, a redirect or an empty answer has none.
fn read(response: &HttpResponse, host: &str, member: &str, secret: &Secret) -> Result<Secret, Error> {
    let status = response.status.as_u16();
    if status != 200 {
        return Err(refused_with(response, host, secret));
    }
    let json = Json::parse(&response.body).map_err(|error| {
        Error::new(
            ErrorKind::Protocol,
            format!("the answer of {host} is not JSON: {error}"),
        )
        .with_http_status(status)
        .with_hint("a sign-in page or a proxy may have answered in the service's place")
    })?;
    match json.text(member).map(str::trim).filter(|token| !token.is_empty()) {
        Some(token) => Ok(Secret::from(token)),
        None => Err(Error::new(
            ErrorKind::Protocol,
            format!("the answer of {host} has no `{member}`"),
        )),
    }
}

/// The error for a status that is a failure, with the beginning of what the service said.
fn refused_with(response: &HttpResponse, host: &str, secret: &Secret) -> Error {
    let error = failure::status(host, response.status.as_u16());
    // A redirect's text says no more than its status; what stands under a success that is none may be a token.
    let says = match response.status.is_client_error() || response.status.is_server_error() {
        true => excerpt::of(&response.body, secret),
        false => String::new(),
    };
    if says.is_empty() {
        return error;
    }
    let said = Error::new(error.kind(), format!("{}: {says}", error.message()))
        .with_http_status(response.status.as_u16());
    match error.hint() {
        Some(hint) => said.with_hint(hint.to_owned()),
        None => said,
    }
}

/// Reads a URL that an environment variable gave and that a token will be sent to: https, a host, and no user or fragment.
///
/// # Errors
/// [`ErrorKind::InvalidConfiguration`] naming the variable.
pub(crate) fn service_url(variable: &str, text: &str) -> Result<Uri, Error> {
    let invalid = |why: &str| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{variable} is {}: {why}", Foreign::url(text, 200)),
        )
    };
    let uri: Uri = text.trim().parse().map_err(|_| invalid("it is not a URL"))?;
    if uri.scheme_str() != Some("https") {
        return Err(invalid("only https is allowed"));
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if uri.host().is_none_or(str::is_empty)
        || authority.contains('@')
        || authority.ends_with(':')
        || text.contains('#')
    {
        return Err(invalid(
            "it has to have a host, and neither a user nor a fragment",
        ));
    }
    Ok(uri)
}

/// Adds parameters to a URL's query; those it has are kept.
///
/// # Errors
/// [`ErrorKind::InvalidConfiguration`] when the result is too long for a URL.
fn with_query(uri: &Uri, parameters: &[(&str, &str)]) -> Result<Uri, Error> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let mut text = format!("https://{authority}{}", uri.path());
    let mut separator = '?';
    if let Some(query) = uri.query().filter(|query| !query.is_empty()) {
        text.push('?');
        text.push_str(query);
        separator = '&';
    }
    for (name, value) in parameters {
        text.push(separator);
        text.push_str(name);
        text.push('=');
        // A space as `%20` is read the same way by every server.
        text.extend(byte_serialize(value.as_bytes()).map(|part| if part == "+" { "%20" } else { part }));
        separator = '&';
    }
    text.parse().map_err(|_| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            "the address of the id token service can't be formed",
        )
    })
}

/// The header that carries the job's own token.
///
/// # Errors
/// [`ErrorKind::InvalidConfiguration`] when the token has characters that no header may have.
fn bearer(token: &Secret, what: &str) -> Result<http::HeaderValue, Error> {
    let text = zeroize::Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut value = http::HeaderValue::from_str(&text).map_err(|_| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{what} has characters that a token can't have"),
        )
        .with_hint("check that no line break came along with it")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
