//! Errors on their way from one side to the other.

use azure_core::error::{Error as AzureError, ErrorKind as AzureKind};
use identity_base::{Error, ErrorKind};
use identity_challenge::PlainHttpRefused;

/// Our error as theirs. The kind matters: the SDK's retry policy leaves it alone, and credentials have retried already.
pub(crate) fn for_azure(error: Error) -> AzureError {
    let message = error.to_string();
    AzureError::with_error(AzureKind::Credential, error, message)
}

/// A refusal, of a kind that isn't retried.
pub(crate) fn refused(refused: PlainHttpRefused) -> AzureError {
    let message = refused.to_string();
    AzureError::with_error(AzureKind::Other, refused, message)
}

/// Their error as ours, with theirs as the source.
pub(crate) fn from_azure(error: AzureError) -> Error {
    let (kind, what) = match error.kind() {
        AzureKind::Connection | AzureKind::Io => (
            ErrorKind::Transport,
            "the SDK's credential could not reach its service",
        ),
        AzureKind::DataConversion => (
            ErrorKind::Protocol,
            "the SDK's credential could not read its service's answer",
        ),
        _ => (ErrorKind::AuthenticationFailed, "the SDK's credential failed"),
    };
    let converted = Error::new(kind, what);
    match error.http_status() {
        Some(status) => converted.with_http_status(status.into()).with_source(error),
        None => converted.with_source(error),
    }
}
