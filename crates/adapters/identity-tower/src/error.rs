//! Why a signed request has no answer.

use std::error::Error as StdError;
use std::fmt;

use identity_base::Error;
use identity_challenge::PlainHttpRefused;

/// Either the request was refused, or the credential or the service below failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AuthorizationError<E> {
    /// There is no token; the request was not sent, or it was challenged and there is no token with the claims.
    Credential(Error),
    /// The request would have shown its token to the network; nothing was fetched and nothing was sent.
    PlainHttp(PlainHttpRefused),
    /// The service below failed.
    Service(E),
}

impl<E: fmt::Display> fmt::Display for AuthorizationError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(error) => write!(f, "no token for the request: {error}"),
            Self::PlainHttp(refused) => refused.fmt(f),
            Self::Service(error) => error.fmt(f),
        }
    }
}

impl<E: StdError + 'static> StdError for AuthorizationError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Credential(error) => Some(error),
            // Its text is the one of this error, and nothing stands behind it.
            Self::PlainHttp(_) => None,
            // It shows as this error itself, so what stands behind it comes next.
            Self::Service(error) => error.source(),
        }
    }
}
