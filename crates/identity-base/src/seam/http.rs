//! HTTP, as far as credentials need it.

mod error;
mod policy;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};
use zeroize::Zeroizing;

pub use self::error::{HttpError, HttpErrorKind};
pub use self::policy::{AddressRule, ConnectPolicy, ServerIdentity};
use crate::BoxFuture;

/// Sends one HTTP request and reads the whole answer.
///
/// Never follows redirects, never keeps cookies, never retries. An implementation that can't honour the request's [`ConnectPolicy`] answers
/// [`HttpErrorKind::Unsupported`] **before sending anything**; the default transport then takes that request.
pub trait HttpClient: fmt::Debug + Send + Sync {
    /// Sends `request`. Dropping the future ends the request.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>>;
}

/// A request. `Debug` shows neither body nor header values.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// GET or POST.
    pub method: Method,
    /// The absolute URL.
    pub uri: Uri,
    /// The headers. Secret values are marked sensitive.
    pub headers: HeaderMap,
    /// The body, overwritten when dropped.
    pub body: Arc<Zeroizing<Vec<u8>>>,
    /// To whom to connect, and how.
    pub policy: ConnectPolicy,
    /// The time limits of this attempt.
    pub timeouts: HttpTimeouts,
    /// The most bytes of the answer's body. Default: 1 MiB.
    pub max_body: usize,
    /// The most bytes of the body of an answer that is no success: a longer one may be cut here, since it is read for its explanation only. If this is more
    /// than `max_body`, nothing is cut, and what is longer than that is a failure. Default: 64 KiB.
    pub max_error_body: usize,
}

impl HttpRequest {
    /// A GET of `uri` with the defaults.
    #[must_use]
    pub fn get(uri: Uri) -> Self {
        Self {
            method: Method::GET,
            uri,
            headers: HeaderMap::new(),
            body: Arc::default(),
            policy: ConnectPolicy::default(),
            timeouts: HttpTimeouts::default(),
            max_body: 1024 * 1024,
            max_error_body: 64 * 1024,
        }
    }

    /// A POST of a form.
    #[must_use]
    pub fn post_form(uri: Uri, form: Zeroizing<Vec<u8>>) -> Self {
        let mut request = Self::get(uri);
        request.method = Method::POST;
        request.body = Arc::new(form);
        request.header(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        )
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the connect policy.
    #[must_use]
    pub fn policy(mut self, policy: ConnectPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the time limits.
    #[must_use]
    pub const fn timeouts(mut self, timeouts: HttpTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the body cap.
    #[must_use]
    pub const fn max_body(mut self, max_body: usize) -> Self {
        self.max_body = max_body;
        self
    }

    /// Sets where the body of an answer that is no success may be cut.
    #[must_use]
    pub const fn max_error_body(mut self, max_error_body: usize) -> Self {
        self.max_error_body = max_error_body;
        self
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("host", &self.uri.host())
            .field("path", &self.uri.path())
            .field("body_bytes", &self.body.len())
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// An answer, read to its end or to the request's [`max_error_body`](HttpRequest::max_error_body). `Debug` doesn't show the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, overwritten when dropped.
    pub body: Zeroizing<Vec<u8>>,
}

impl HttpResponse {
    /// An answer.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers,
            body: Zeroizing::new(body.into()),
        }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The time limits of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpTimeouts {
    /// Name resolution. Default: 2 s.
    pub resolve: Duration,
    /// TCP connection, for each address family. Default: 3 s.
    pub connect: Duration,
    /// TLS handshake. Default: 4 s.
    pub tls: Duration,
    /// From the request to the first byte of the answer. Default: 8 s.
    pub first_byte: Duration,
    /// Between two bytes of the answer. Default: 5 s.
    pub idle: Duration,
    /// All of it. Default: 10 s.
    pub total: Duration,
}

impl HttpTimeouts {
    /// For Entra.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            resolve: Duration::from_secs(2),
            connect: Duration::from_secs(3),
            tls: Duration::from_secs(4),
            first_byte: Duration::from_secs(8),
            idle: Duration::from_secs(5),
            total: Duration::from_secs(10),
        }
    }

    /// For a metadata endpoint that is asked directly.
    #[must_use]
    pub const fn metadata() -> Self {
        let mut limits = Self::new();
        limits.connect = Duration::from_secs(1);
        limits.first_byte = Duration::from_secs(10);
        limits.idle = Duration::from_secs(2);
        limits.total = Duration::from_secs(12);
        limits
    }

    /// For the probe of a metadata endpoint.
    #[must_use]
    pub const fn probe() -> Self {
        let mut limits = Self::metadata();
        limits.first_byte = Duration::from_secs(1);
        limits.total = Duration::from_secs(1);
        limits
    }

    /// The same limits, none longer than `at_most`.
    #[must_use]
    pub fn capped(mut self, at_most: Duration) -> Self {
        for limit in [
            &mut self.resolve,
            &mut self.connect,
            &mut self.tls,
            &mut self.first_byte,
            &mut self.idle,
            &mut self.total,
        ] {
            *limit = (*limit).min(at_most);
        }
        self
    }
}

impl Default for HttpTimeouts {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_body_and_no_query() {
        let uri = Uri::from_static("https://h/p?code=CNRY");
        let request = HttpRequest::post_form(uri, Zeroizing::new(b"client_secret=CNRY".to_vec()));
        let response = HttpResponse::new(StatusCode::OK, HeaderMap::new(), b"CNRY".to_vec());
        assert!(!format!("{request:?} {response:?}").contains("CNRY"));
    }
}
