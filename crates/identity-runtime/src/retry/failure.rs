//! What failed requests become.

use identity_base::seam::{HttpError, HttpErrorKind};
use identity_base::{Error, ErrorKind};

/// The error for a request to `host` that got no answer.
#[must_use]
pub fn no_answer(host: &str, error: HttpError) -> Error {
    let kind = match error.kind {
        HttpErrorKind::Timeout => ErrorKind::Timeout,
        HttpErrorKind::TooLarge | HttpErrorKind::Protocol => ErrorKind::Protocol,
        HttpErrorKind::Unsupported | HttpErrorKind::NoRuntime => ErrorKind::InvalidConfiguration,
        _ => ErrorKind::Transport,
    };
    let hint = match error.kind {
        HttpErrorKind::Dns => {
            Some("check the host name, the network, and whether a proxy is needed (HTTPS_PROXY)")
        }
        HttpErrorKind::Connect => {
            Some("check the network and firewall, and whether a proxy is needed (HTTPS_PROXY)")
        }
        HttpErrorKind::Proxy => Some("check the proxy's address and password"),
        HttpErrorKind::Tls => Some(
            "check this machine's clock, and whether a proxy replaces certificates (then trust its root by SSL_CERT_FILE or an option)",
        ),
        HttpErrorKind::NoRuntime => {
            Some("call from within a tokio runtime with I/O and time enabled, or use the blocking facade")
        }
        HttpErrorKind::Unsupported => {
            Some("enable the feature `hyper`, or set a transport that supports the request")
        }
        _ => None,
    };
    let failed = Error::new(kind, format!("{host}: {}", error.message))
        .with_transient(error.kind.is_transient())
        .with_source(error);
    match hint {
        Some(hint) => failed.with_hint(hint),
        None => failed,
    }
}

/// The error for an answer with a status that is a failure by itself, whatever its body.
#[must_use]
pub fn status(host: &str, status: u16) -> Error {
    let (kind, what) = match status {
        429 => (ErrorKind::Throttled, "asks to slow down"),
        408 | 500..=599 => (ErrorKind::Transport, "failed"),
        300..=399 => (
            ErrorKind::Protocol,
            "answered with a redirect, which is never followed",
        ),
        401 | 403 => (ErrorKind::AuthenticationFailed, "refused"),
        _ => (ErrorKind::Protocol, "gave an unexpected answer"),
    };
    let error = Error::new(kind, format!("{host} {what} (HTTP {status})")).with_http_status(status);
    match status {
        407 => error.with_hint("a proxy on the way asks for a password"),
        300..=399 | 401 | 403 => {
            error.with_hint("check that no proxy or portal answers in the service's place")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_keep_their_kind_and_cause() {
        for (from, to, transient) in [
            (HttpErrorKind::Dns, ErrorKind::Transport, true),
            (HttpErrorKind::Connect, ErrorKind::Transport, true),
            (HttpErrorKind::Reset, ErrorKind::Transport, true),
            (HttpErrorKind::Timeout, ErrorKind::Timeout, true),
            (HttpErrorKind::Tls, ErrorKind::Transport, false),
            (HttpErrorKind::Proxy, ErrorKind::Transport, false),
            (HttpErrorKind::AddressRefused, ErrorKind::Transport, false),
            (HttpErrorKind::TooLarge, ErrorKind::Protocol, false),
            (HttpErrorKind::Protocol, ErrorKind::Protocol, false),
            (HttpErrorKind::Unsupported, ErrorKind::InvalidConfiguration, false),
            (HttpErrorKind::NoRuntime, ErrorKind::InvalidConfiguration, false),
        ] {
            let error = no_answer("h", HttpError::before_sending(from, "why"));
            assert_eq!((error.kind(), error.is_transient()), (to, transient), "{from:?}");
            assert_eq!(error.message(), "h: why");
            assert!(std::error::Error::source(&error).is_some());
        }
    }

    #[test]
    fn statuses_are_named() {
        for (code, kind, transient) in [
            (302, ErrorKind::Protocol, false),
            (403, ErrorKind::AuthenticationFailed, false),
            (407, ErrorKind::Protocol, false),
            (408, ErrorKind::Transport, true),
            (429, ErrorKind::Throttled, true),
            (503, ErrorKind::Transport, true),
        ] {
            let error = status("h", code);
            assert_eq!(
                (error.kind(), error.http_status(), error.is_transient()),
                (kind, Some(code), transient)
            );
            assert!(error.message().contains(&format!("HTTP {code}")));
        }
    }
}
