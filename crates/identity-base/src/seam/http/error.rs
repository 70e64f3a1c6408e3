//! Why there is no answer.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

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
