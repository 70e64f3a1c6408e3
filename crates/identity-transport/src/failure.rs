//! From the errors of the layers below to typed ones.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use identity_base::seam::{HttpError, HttpErrorKind};

use crate::tls;

/// How hyper says that a head is too large. To clients it has no other way to say so; a test of this crate notices if the words change.
const TOO_LARGE: &str = "message head is too large";

/// There is no runtime to do I/O on.
pub(crate) fn no_runtime() -> HttpError {
    HttpError::before_sending(
        HttpErrorKind::NoRuntime,
        "HTTP needs a tokio runtime with I/O and timers: call this from one that was built with `enable_all`",
    )
}

/// A failure to connect to `whom`: the server or the proxy. Whatever the system says of a network without a way there, nobody was reached.
pub(crate) fn of_connecting(error: io::Error, whom: &str, limit: Duration) -> HttpError {
    let (kind, message) = match error.kind() {
        io::ErrorKind::TimedOut => (
            HttpErrorKind::Timeout,
            format!("no connection to {whom} within {limit:?}"),
        ),
        io::ErrorKind::ConnectionRefused => (
            HttpErrorKind::Connect,
            format!("no connection to {whom}: it was refused"),
        ),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown => (
            HttpErrorKind::Connect,
            format!("no connection to {whom}: there is no route to it"),
        ),
        _ => (HttpErrorKind::Connect, format!("no connection to {whom}")),
    };
    HttpError::before_sending(kind, message).with_source(error)
}

/// More bytes came before the answer than any head may have: a flood of interim answers.
#[derive(Debug)]
pub(crate) struct HeadTooLarge;

impl fmt::Display for HeadTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer's head is too large")
    }
}

impl StdError for HeadTooLarge {}

/// A failure while a request was sent or an answer read.
pub(crate) fn of_exchange(error: hyper::Error, request_sent: bool) -> HttpError {
    let make = |kind, message: String| {
        let mut made = HttpError::before_sending(kind, message);
        made.request_sent = request_sent;
        made
    };
    if let Some(alert) = find::<rustls::Error>(&error) {
        // No source: it would show what the server presented.
        return make(
            HttpErrorKind::Tls,
            format!("TLS failed: {}", tls::describe(alert)),
        );
    }
    let (kind, message) = if error.to_string() == TOO_LARGE || find::<HeadTooLarge>(&error).is_some() {
        (
            HttpErrorKind::TooLarge,
            "the answer's head is larger than allowed",
        )
    } else if error.is_parse() {
        (HttpErrorKind::Protocol, "the answer is not HTTP")
    } else if error.is_user() {
        (HttpErrorKind::Protocol, "the request can't be sent over HTTP")
    } else if find::<io::Error>(&error).is_some_and(is_malformed) {
        (HttpErrorKind::Protocol, "the answer's body is malformed")
    } else {
        // Anything unknown counts as transient.
        (
            HttpErrorKind::Reset,
            "the connection broke before the answer was complete",
        )
    };
    make(kind, message.to_owned()).with_source(error)
}

/// What the body's decoder finds wrong, as opposed to what the connection reports.
fn is_malformed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
    )
}

/// Looks for an error of type `E` in the chain of sources, also inside of I/O errors.
pub(crate) fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // The source of an I/O error is the source of what is inside of it, which would be passed over.
        let inside = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref())
            .map(|inside| inside as &(dyn StdError + 'static));
        next = inside.or_else(|| error.source());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_found_inside_of_io_errors() {
        let nested = io::Error::other(io::Error::other(HeadTooLarge));
        assert!(find::<HeadTooLarge>(&nested).is_some());
        assert!(find::<rustls::Error>(&nested).is_none());
        let tls = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert!(find::<rustls::Error>(&tls).is_some());
    }

    #[test]
    fn what_keeps_from_connecting_is_told() {
        let limit = Duration::from_secs(3);
        let of = |kind: io::ErrorKind| of_connecting(kind.into(), "the server", limit);
        for (from, to, words) in [
            (
                io::ErrorKind::ConnectionRefused,
                HttpErrorKind::Connect,
                ": it was refused",
            ),
            (
                io::ErrorKind::NetworkUnreachable,
                HttpErrorKind::Connect,
                ": there is no route to it",
            ),
            (
                io::ErrorKind::HostUnreachable,
                HttpErrorKind::Connect,
                ": there is no route to it",
            ),
            (
                io::ErrorKind::NetworkDown,
                HttpErrorKind::Connect,
                ": there is no route to it",
            ),
            (io::ErrorKind::AddrNotAvailable, HttpErrorKind::Connect, ""),
            (io::ErrorKind::PermissionDenied, HttpErrorKind::Connect, ""),
            (io::ErrorKind::Other, HttpErrorKind::Connect, ""),
            (io::ErrorKind::TimedOut, HttpErrorKind::Timeout, " within 3s"),
        ] {
            let error = of(from);
            assert_eq!((error.kind, error.request_sent), (to, false), "{from:?}");
            assert_eq!(error.message, format!("no connection to the server{words}"));
            let cause = find::<io::Error>(&error).unwrap();
            assert_eq!(cause.kind(), from);
            assert!(error.kind.is_transient());
        }
    }

    /// The numbers by which the system itself says so.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_own_numbers_are_understood() {
        for (number, name, words) in [
            (100, "ENETDOWN", ": there is no route to it"),
            (101, "ENETUNREACH", ": there is no route to it"),
            (113, "EHOSTUNREACH", ": there is no route to it"),
            (111, "ECONNREFUSED", ": it was refused"),
        ] {
            let error = of_connecting(io::Error::from_raw_os_error(number), "the server", Duration::ZERO);
            assert_eq!(
                (error.kind, error.request_sent),
                (HttpErrorKind::Connect, false),
                "{name}"
            );
            assert_eq!(
                error.message,
                format!("no connection to the server{words}"),
                "{name}"
            );
        }
    }
}
