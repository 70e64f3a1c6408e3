//! Signing in at the organization's own server, by WS-Trust.

use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use identity_base::seam::HttpRequest;
use identity_base::{Error, ErrorKind, Secret};
use identity_runtime::ClientOptions;
use identity_runtime::crypto::guid;
use identity_runtime::entra::RequestHeaders;
use identity_runtime::retry::failure;
use zeroize::Zeroizing;

use super::http::{exchange, https};
use super::mex::{self, Endpoint, Version};
use super::realm::Federation;
use super::rst::Rst;
use super::rstr::{self, Assertion};

const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");
/// The longest description or answer of an organization's server. They have some tens of kilobytes.
const MAX_BYTES: usize = 256 * 1024;

/// Gets an assertion for the account.
///
/// # Errors
/// [`ErrorKind::AuthenticationFailed`] when the server refuses or can't do it; [`ErrorKind::Protocol`] for answers that can't be read; else as
/// [`Sender::send`](identity_runtime::retry::Sender::send).
pub(super) async fn assertion(
    options: &ClientOptions,
    headers: &RequestHeaders,
    federation: &Federation,
    username: &str,
    password: &Secret,
) -> Result<Assertion, Error> {
    let endpoint = find(options, headers, federation).await?;
    let uri = https(&endpoint.address, "the organization's server")?;
    let message_id = guid(&**options.random())?;
    let body = Rst {
        endpoint: &endpoint,
        username,
        password,
        audience: &federation.audience,
        message_id: &message_id,
        now: options.clock().now().wall,
    }
    .envelope()?;
    let request = HttpRequest::post_form(uri, body)
        .max_body(MAX_BYTES)
        .header(
            CONTENT_TYPE,
            HeaderValue::from_static("application/soap+xml; charset=utf-8"),
        )
        .header(SOAP_ACTION, HeaderValue::from_static(endpoint.version.action()));
    // A wrong password comes as 500, with the reason in the body; repeating it would lock the account.
    let response = exchange(options, headers, request, |response| is_soap(&response.body)).await?;
    rstr::read(&response.body).map_err(|error| error.with_http_status(response.status.as_u16()))
}

/// Whether it is an answer of the server, and no page of something in front of it that is down for the moment.
fn is_soap(body: &[u8]) -> bool {
    body.trim_ascii().starts_with(b"<") && body.windows(8).any(|part| part == b"Envelope")
}

/// Where the server takes user name and password.
async fn find(
    options: &ClientOptions,
    headers: &RequestHeaders,
    federation: &Federation,
) -> Result<Endpoint, Error> {
    if let Some(url) = &federation.metadata_url {
        let uri = https(url, "the description of the organization's server")?;
        let host = uri.host().unwrap_or_default().to_owned();
        let request = HttpRequest::get(uri)
            .max_body(MAX_BYTES)
            .header(ACCEPT, HeaderValue::from_static("application/xml"));
        let response = exchange(options, headers, request, |_| false).await?;
        if !response.status.is_success() {
            return Err(failure::status(&host, response.status.as_u16()));
        }
        return mex::endpoint(&response.body);
    }
    let address = federation.active_url.as_deref().unwrap_or_default();
    match Version::of_address(address) {
        Some(version) => Ok(Endpoint {
            address: address.to_owned(),
            version,
        }),
        None => Err(Error::new(
            ErrorKind::AuthenticationFailed,
            "the account's organization names no server that takes user name and password (WS-Trust)",
        )),
    }
}

/// What the token endpoint takes: base64url of the assertion's bytes.
pub(super) fn encoded(assertion: &Assertion) -> Secret {
    Secret::from(Zeroizing::new(identity_runtime::crypto::base64url(
        assertion.text.expose().as_bytes(),
    )))
}
