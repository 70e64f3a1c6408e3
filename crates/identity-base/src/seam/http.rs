//! HTTP, as far as credentials need it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};
use zeroize::Zeroizing;

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

/// An answer, read to its end. `Debug` doesn't show the body.
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

/// To whom a request may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConnectPolicy {
    /// Never through a proxy: metadata endpoints. Default: a configured proxy is used.
    pub no_proxy: bool,
    /// Which addresses may be connected to, checked on the address itself and on every one that the name resolves to.
    pub addresses: AddressRule,
    /// How the server proves who it is.
    pub server: ServerIdentity,
}

impl ConnectPolicy {
    /// For services on the internet: https, a proxy is fine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For metadata endpoints: no proxy, and plain http to local addresses only.
    #[must_use]
    pub fn metadata() -> Self {
        Self {
            no_proxy: true,
            addresses: AddressRule::PlainHttpToLocal,
            server: ServerIdentity::PublicRoots,
        }
    }

    /// Sets how the server proves who it is.
    #[must_use]
    pub fn server(mut self, server: ServerIdentity) -> Self {
        self.server = server;
        self
    }
}

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressRule {
    /// https to any address; plain http to none.
    #[default]
    HttpsOnly,
    /// https to any address; plain http to loopback, link-local and the documented platform addresses only, when **all** resolved addresses are such.
    PlainHttpToLocal,
}

impl AddressRule {
    /// Whether a connection may go to `address`, over TLS or not.
    ///
    /// ```
    /// use identity_base::seam::AddressRule;
    /// assert!(AddressRule::PlainHttpToLocal.allows("169.254.169.254".parse().unwrap(), false));
    /// assert!(!AddressRule::PlainHttpToLocal.allows("8.8.8.8".parse().unwrap(), false));
    /// assert!(!AddressRule::HttpsOnly.allows("127.0.0.1".parse().unwrap(), false));
    /// ```
    #[must_use]
    pub fn allows(self, address: IpAddr, tls: bool) -> bool {
        match self {
            Self::HttpsOnly => tls,
            Self::PlainHttpToLocal => tls || is_local(address.to_canonical()),
        }
    }
}

/// Loopback, link-local (IMDS is 169.254.169.254, App Service in containers 169.254.x.y), Azure's platform address 168.63.129.16, and unique local IPv6.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.octets() == [168, 63, 129, 16],
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unique_local(),
    }
}

/// How a server proves who it is.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerIdentity {
    /// By a certificate of the platform's roots, and any extra roots of the transport.
    #[default]
    PublicRoots,
    /// By a certificate of exactly these roots (PEM), for a server name that may differ from the URL's host.
    Roots {
        /// The roots, as PEM.
        pem: Arc<[u8]>,
        /// The server name for SNI and verification; the URL's host if `None`.
        server_name: Option<Arc<str>>,
    },
    /// By exactly the certificate with this SHA-1 thumbprint (Service Fabric): 20 bytes.
    Thumbprint([u8; 20]),
}

impl fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublicRoots => f.write_str("PublicRoots"),
            Self::Roots { server_name, .. } => f
                .debug_struct("Roots")
                .field("server_name", server_name)
                .finish_non_exhaustive(),
            Self::Thumbprint(_) => f.write_str("Thumbprint"),
        }
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

/// Why there is no answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpError {
    /// What kind of failure.
    pub kind: HttpErrorKind,
    /// What failed, without any content of request or answer.
    pub message: Cow<'static, str>,
    /// Whether any byte of the request may have been sent. A single-use grant is repeated only if not.
    pub request_sent: bool,
    /// The cause.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl HttpError {
    /// A failure before anything was sent.
    pub fn before_sending(kind: HttpErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            request_sent: false,
            source: None,
        }
    }

    /// A failure after the request was sent, at least partly.
    pub fn after_sending(kind: HttpErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            request_sent: true,
            source: None,
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for HttpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The kinds of [`HttpError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// The name doesn't resolve. Transient.
    Dns,
    /// No connection. Transient.
    Connect,
    /// The proxy refused. Not transient.
    Proxy,
    /// The TLS handshake or the server's certificate. Not transient.
    Tls,
    /// A time limit passed. Transient.
    Timeout,
    /// The connection broke. Transient.
    Reset,
    /// The answer is longer than allowed. Not transient.
    TooLarge,
    /// The answer is not HTTP, or the request can't be sent. Not transient.
    Protocol,
    /// The address rule forbids the connection. Not transient.
    AddressRefused,
    /// This implementation can't honour the policy; nothing was sent.
    Unsupported,
    /// No async runtime, or one without I/O.
    NoRuntime,
}

impl HttpErrorKind {
    /// Whether the same request may succeed when it is repeated.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Dns | Self::Connect | Self::Timeout | Self::Reset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_local_addresses_only() {
        let allows = |address: &str| AddressRule::PlainHttpToLocal.allows(address.parse().unwrap(), false);
        for local in [
            "127.0.0.1",
            "127.8.9.1",
            "::1",
            "169.254.169.254",
            "168.63.129.16",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(allows(local), "{local}");
        }
        for public in [
            "8.8.8.8",
            "10.0.0.1",
            "192.168.1.1",
            "0.0.0.0",
            "2001:db8::1",
            "::ffff:8.8.8.8",
            "168.63.129.17",
            "::",
        ] {
            assert!(!allows(public), "{public}");
            assert!(AddressRule::HttpsOnly.allows(public.parse().unwrap(), true));
        }
    }

    #[test]
    fn debug_shows_no_body_and_no_query() {
        let uri = Uri::from_static("https://h/p?code=CNRY");
        let request = HttpRequest::post_form(uri, Zeroizing::new(b"client_secret=CNRY".to_vec()));
        let response = HttpResponse::new(StatusCode::OK, HeaderMap::new(), b"CNRY".to_vec());
        assert!(!format!("{request:?} {response:?}").contains("CNRY"));
    }
}
