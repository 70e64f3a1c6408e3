//! Our transport as their HTTP client.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::{Error as AzureError, ErrorKind as AzureKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient as AzureClient, Request};
use futures_util::AsyncReadExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use identity_base::seam::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpTimeouts};
use zeroize::Zeroizing;

const DEFAULT_MAX_BODY: usize = 16 * 1024 * 1024;

/// One of our transports as the SDK's `HttpClient`, so that clients do without reqwest.
///
/// Bodies are read whole, both ways, and are capped: it suits the requests of management, secrets and tables, not the transfer of large blobs. As with
/// all our transports, plain http is refused except to the machine itself, and redirects are answers like others.
///
/// Errors before the first byte left are of the kind `Connection`, later ones `Io`; the SDK retries both. What a retry can't mend is `Other`.
#[derive(Clone, Debug)]
pub struct TransportClient {
    transport: Arc<dyn HttpClient>,
    timeouts: HttpTimeouts,
    max_body: usize,
}

impl TransportClient {
    /// Wraps `transport`, with the time limits of a token request and bodies of at most 16 MiB.
    #[must_use]
    pub fn new(transport: Arc<dyn HttpClient>) -> Self {
        Self {
            transport,
            timeouts: HttpTimeouts::new(),
            max_body: DEFAULT_MAX_BODY,
        }
    }

    /// Other time limits, for each attempt.
    #[must_use]
    pub const fn timeouts(mut self, timeouts: HttpTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The most bytes of a request's and of an answer's body.
    #[must_use]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    async fn body(&self, body: &Body) -> azure_core::Result<Zeroizing<Vec<u8>>> {
        let too_large = || {
            let message = format!("the request's body has more than {} bytes", self.max_body);
            AzureError::with_message(AzureKind::Other, message)
        };
        let mut bytes = Zeroizing::new(Vec::new());
        match body {
            Body::Bytes(whole) if whole.len() > self.max_body => return Err(too_large()),
            Body::Bytes(whole) => bytes.extend_from_slice(whole),
            Body::SeekableStream(stream) => {
                let cap = u64::try_from(self.max_body).unwrap_or(u64::MAX);
                // The clone has its own position; the original stays where the policies left it.
                let mut stream = stream.clone();
                stream.reset().await?;
                stream.take(cap.saturating_add(1)).read_to_end(&mut bytes).await?;
                if bytes.len() > self.max_body {
                    return Err(too_large());
                }
            }
        }
        Ok(bytes)
    }

    async fn request(&self, theirs: &Request) -> azure_core::Result<HttpRequest> {
        let uri: Uri = theirs.url().as_str().parse().map_err(invalid)?;
        let mut ours = HttpRequest::get(uri)
            .timeouts(self.timeouts)
            .max_body(self.max_body)
            // What a service says in a failure is the SDK's to read: whole, or not at all.
            .max_error_body(usize::MAX);
        ours.method = Method::from_bytes(theirs.method().as_ref().as_bytes()).map_err(invalid)?;
        ours.body = Arc::new(self.body(theirs.body()).await?);
        for (name, value) in theirs.headers().iter() {
            let name: HeaderName = name.as_str().parse().map_err(invalid)?;
            let mut value = HeaderValue::from_str(value.as_str()).map_err(invalid)?;
            value.set_sensitive(name == http::header::AUTHORIZATION);
            ours.headers.insert(name, value);
        }
        Ok(ours)
    }
}

#[async_trait]
impl AzureClient for TransportClient {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let request = self.request(request).await?;
        let mut answer = self.transport.send(request).await.map_err(failed)?;
        // The SDK keeps the body as long as it likes, so it isn't erased from here on.
        let body = std::mem::take(&mut *answer.body);
        Ok(AsyncRawResponse::from_bytes(
            answer.status.as_u16().into(),
            headers(&answer.headers),
            body,
        ))
    }
}

/// Their type has one value a name: several become a list, as HTTP allows.
fn headers(ours: &HeaderMap) -> Headers {
    let mut theirs = Headers::new();
    for name in ours.keys() {
        let values: Vec<_> = ours
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        theirs.insert(name.as_str().to_owned(), values.join(", "));
    }
    theirs
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> AzureError {
    AzureError::with_error(AzureKind::Other, error, "the request can't be sent as it is")
}

fn failed(error: HttpError) -> AzureError {
    let kind = match error.kind {
        HttpErrorKind::TooLarge
        | HttpErrorKind::Protocol
        | HttpErrorKind::AddressRefused
        | HttpErrorKind::Unsupported
        | HttpErrorKind::NoRuntime => AzureKind::Other,
        _ if error.request_sent => AzureKind::Io,
        _ => AzureKind::Connection,
    };
    let message = error.to_string();
    AzureError::with_error(kind, error, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_retry_may_mend_is_retried() {
        let cases = [
            (
                HttpError::before_sending(HttpErrorKind::Connect, "x"),
                AzureKind::Connection,
            ),
            (HttpError::after_sending(HttpErrorKind::Reset, "x"), AzureKind::Io),
            (
                HttpError::after_sending(HttpErrorKind::TooLarge, "x"),
                AzureKind::Other,
            ),
            (
                HttpError::before_sending(HttpErrorKind::AddressRefused, "x"),
                AzureKind::Other,
            ),
        ];
        for (ours, theirs) in cases {
            assert_eq!(failed(ours).kind(), &theirs);
        }
    }

    #[test]
    fn values_of_one_name_become_a_list() {
        let mut ours = HeaderMap::new();
        for value in ["Basic realm=x", "Bearer realm=y"] {
            ours.append(http::header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        let name = azure_core::http::headers::WWW_AUTHENTICATE;
        assert_eq!(
            headers(&ours).get_optional_str(&name),
            Some("Basic realm=x, Bearer realm=y")
        );
    }
}
