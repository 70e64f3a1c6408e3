//! Our errors as theirs.

use identity_base::{Error, ErrorKind};
use reqsign_core::{Error as ReqsignError, ErrorKind as ReqsignKind};

/// Our error as the source of theirs. It is none that a retry layer should repeat: credentials have retried already.
pub(crate) fn for_reqsign(error: Error) -> ReqsignError {
    let kind = match error.kind() {
        ErrorKind::CredentialUnavailable
        | ErrorKind::AuthenticationRequired
        | ErrorKind::AuthenticationFailed
        | ErrorKind::IdentityMismatch => ReqsignKind::CredentialInvalid,
        ErrorKind::InvalidConfiguration => ReqsignKind::ConfigInvalid,
        ErrorKind::Throttled | ErrorKind::Overloaded => ReqsignKind::RateLimited,
        _ => ReqsignKind::Unexpected,
    };
    ReqsignError::new(kind, error.to_string())
        .set_retryable(false)
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn the_kind_says_what_to_do_and_ours_is_inside() {
        for (ours, theirs) in [
            (ErrorKind::AuthenticationFailed, ReqsignKind::CredentialInvalid),
            (ErrorKind::CredentialUnavailable, ReqsignKind::CredentialInvalid),
            (ErrorKind::InvalidConfiguration, ReqsignKind::ConfigInvalid),
            (ErrorKind::Throttled, ReqsignKind::RateLimited),
            (ErrorKind::Timeout, ReqsignKind::Unexpected),
        ] {
            let error = for_reqsign(Error::new(ours, "no luck"));
            assert_eq!(error.kind(), theirs);
            assert!(!error.is_retryable());
            assert!(error.to_string().contains("no luck"), "{error}");
            let source = error.source().unwrap().downcast_ref::<Error>().unwrap();
            assert_eq!(source.kind(), ours);
        }
    }
}
