//! Exit codes, which are stable.

use identity_base::{Error, ErrorKind};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    /// A defect of ours, or output that couldn't be written.
    Internal,
    /// The command line, the environment or a file holds something that can't be.
    Usage,
    /// No credential is set up.
    Unavailable,
    /// The service refused.
    Refused,
    /// A person has to sign in.
    SignIn,
    /// Network, time limit, or an answer that is none.
    Network,
    /// The service or this program asks to slow down.
    Throttled,
    /// A policy of the tenant forbids it.
    Policy,
    /// Ctrl-C.
    Interrupted,
    /// Whoever read the output went away.
    ReaderGone,
    /// A request to end, from the system.
    Terminated,
}

/// Every code with what the help says about it.
pub(crate) const TABLE: [(Exit, &str); 12] = [
    (Exit::Success, "success"),
    (
        Exit::Internal,
        "a defect of this program, or its output could not be written",
    ),
    (
        Exit::Usage,
        "usage: an argument, a variable or a file holds something that can't be",
    ),
    (
        Exit::Unavailable,
        "no credential is set up; the message says what is missing",
    ),
    (Exit::Refused, "authentication failed: the service refused"),
    (Exit::SignIn, "a person has to sign in first"),
    (
        Exit::Network,
        "network failure, time limit, or an answer that makes no sense",
    ),
    (Exit::Throttled, "throttled: try again later"),
    (Exit::Policy, "denied by a policy of the tenant"),
    (Exit::Interrupted, "interrupted"),
    (Exit::ReaderGone, "the reader of standard output went away"),
    (Exit::Terminated, "ended by a signal"),
];

/// Codes by which Entra says that the request was fine and a policy forbids it: Conditional Access, device rules, no assignment to the application,
/// an application that an administrator switched off.
const POLICY_CODES: [u32; 11] = [
    50_105, 53_000, 53_001, 53_002, 53_003, 53_004, 53_009, 53_010, 53_011, 530_035, 7_000_112,
];

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Unavailable => 3,
            Self::Refused => 4,
            Self::SignIn => 5,
            Self::Network => 6,
            Self::Throttled => 7,
            Self::Policy => 8,
            Self::Interrupted => 130,
            Self::ReaderGone => 141,
            Self::Terminated => 143,
        }
    }

    /// The code for a failure of the library.
    pub(crate) fn of(error: &Error) -> Self {
        if error.aadsts().is_some_and(|code| POLICY_CODES.contains(&code)) {
            return Self::Policy;
        }
        match error.kind() {
            ErrorKind::InvalidConfiguration => Self::Usage,
            ErrorKind::CredentialUnavailable => Self::Unavailable,
            ErrorKind::AuthenticationFailed | ErrorKind::IdentityMismatch => Self::Refused,
            ErrorKind::AuthenticationRequired => Self::SignIn,
            ErrorKind::Transport | ErrorKind::Timeout | ErrorKind::Protocol | ErrorKind::OutcomeUnknown => {
                Self::Network
            }
            ErrorKind::Throttled | ErrorKind::Overloaded => Self::Throttled,
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_code() {
        let code = |kind| Exit::of(&Error::new(kind, "x")).code();
        for (kind, expected) in [
            (ErrorKind::InvalidConfiguration, 2),
            (ErrorKind::CredentialUnavailable, 3),
            (ErrorKind::AuthenticationFailed, 4),
            (ErrorKind::IdentityMismatch, 4),
            (ErrorKind::AuthenticationRequired, 5),
            (ErrorKind::Transport, 6),
            (ErrorKind::Timeout, 6),
            (ErrorKind::Protocol, 6),
            (ErrorKind::OutcomeUnknown, 6),
            (ErrorKind::Throttled, 7),
            (ErrorKind::Overloaded, 7),
            (ErrorKind::Closed, 1),
            (ErrorKind::Internal, 1),
        ] {
            assert_eq!(code(kind), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_policy_has_a_code_of_its_own() {
        let refused = Error::new(ErrorKind::AuthenticationFailed, "x");
        assert_eq!(Exit::of(&refused.clone().with_aadsts(53_003)), Exit::Policy);
        assert_eq!(Exit::of(&refused.with_aadsts(7_000_215)), Exit::Refused);
    }

    #[test]
    fn the_table_has_each_code_once_in_order() {
        let codes: Vec<_> = TABLE.iter().map(|(exit, _)| exit.code()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    }
}
