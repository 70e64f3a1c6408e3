//! From reqwest's errors to typed ones.

use std::error::Error as StdError;
use std::io;

use identity_base::seam::{HttpError, HttpErrorKind};

use super::head::Stage;

/// How hyper says that a head is too large. To clients it has no other way to say so.
const TOO_LARGE: &str = "message head is too large";

/// A failure before the answer's head was there.
pub(super) fn of_sending(error: reqwest::Error, stage: Stage) -> HttpError {
    if error.is_builder() {
        return HttpError::before_sending(HttpErrorKind::Protocol, "the request can't be sent over HTTP");
    }
    if error.is_connect() || stage == Stage::Connecting {
        return of_connecting(error);
    }
    of_reading(error)
}

fn of_connecting(error: reqwest::Error) -> HttpError {
    if find::<rustls::Error>(&error).is_some() {
        // No source: it would show what the server presented.
        return HttpError::before_sending(
            HttpErrorKind::Tls,
            "TLS failed: the server or its certificate is not accepted",
        );
    }
    let (kind, message) = if error.is_timeout() {
        (HttpErrorKind::Timeout, "no connection in time")
    } else {
        (HttpErrorKind::Connect, "no connection")
    };
    HttpError::before_sending(kind, message).with_source(error.without_url())
}

/// A failure on the connection.
pub(super) fn of_reading(error: reqwest::Error) -> HttpError {
    let below = find::<hyper::Error>(&error);
    let is_too_large = below.is_some_and(|error| error.to_string() == TOO_LARGE);
    let (kind, message) = if find::<rustls::Error>(&error).is_some() {
        return HttpError::after_sending(HttpErrorKind::Tls, "TLS failed");
    } else if error.is_timeout() {
        (HttpErrorKind::Timeout, "the answer took too long")
    } else if is_too_large {
        (
            HttpErrorKind::TooLarge,
            "the answer's head is larger than allowed",
        )
    } else if below.is_some_and(hyper::Error::is_parse) {
        (HttpErrorKind::Protocol, "the answer is not HTTP")
    } else if below.is_some_and(hyper::Error::is_user) {
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
    HttpError::after_sending(kind, message).with_source(error.without_url())
}

/// What the body's decoder finds wrong, as opposed to what the connection reports.
fn is_malformed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
    )
}

/// Looks for an error of type `E` in the chain of sources, also inside of I/O errors.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
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
