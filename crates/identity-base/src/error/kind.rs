//! The kinds of failure.

/// What kind of failure an [`Error`](crate::Error) is, and with that what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The credential isn't set up here, so it did not really try. A chain goes on.
    ///
    /// What to do: set it up (the hint says how), or use another credential.
    #[doc(alias = "CredentialUnavailableError")]
    CredentialUnavailable,
    /// A person has to sign in, and automatic sign-in is off or impossible. A chain goes on.
    ///
    /// What to do: call the credential's `authenticate` with the error's scopes and claims.
    #[doc(alias = "AuthenticationRequiredError")]
    AuthenticationRequired,
    /// The service, or a tool, refused. A chain stops.
    ///
    /// What to do: read the AADSTS code and the hint.
    #[doc(alias = "ClientAuthenticationError")]
    AuthenticationFailed,
    /// The credential or the request was given something that can't be. Never reaches the network.
    ///
    /// What to do: correct the value the message names.
    #[doc(alias = "ValueError")]
    InvalidConfiguration,
    /// The answer is for another identity, tenant or resource than was asked for. No token is given out, and a chain always stops.
    ///
    /// What to do: find out which agent or proxy answers in the way.
    IdentityMismatch,
    /// The network failed: name resolution, connection, TLS, or a broken answer.
    ///
    /// What to do: see the source; most are transient.
    #[doc(alias = "ServiceRequestError")]
    Transport,
    /// A deadline passed.
    ///
    /// What to do: try again, or allow more time.
    Timeout,
    /// The service asked to slow down, and its wait is longer than the deadline.
    ///
    /// What to do: wait for [`retry_after`](crate::Error::retry_after).
    Throttled,
    /// Too many requests wait in this process.
    ///
    /// What to do: ask for fewer different tokens at once, or raise the limit.
    Overloaded,
    /// A grant that can be used once was sent and its answer was lost: it may or may not be spent.
    ///
    /// What to do: sign in again.
    OutcomeUnknown,
    /// The answer is not what the protocol says.
    ///
    /// What to do: check that the endpoint is the right one and that no proxy or portal answers instead.
    #[doc(alias = "DecodeError")]
    Protocol,
    /// The credential was closed.
    ///
    /// What to do: make a new one.
    Closed,
    /// A defect in this library or in a user's callback: a panic, for example.
    ///
    /// What to do: report it.
    Internal,
}

impl ErrorKind {
    /// Whether failures of this kind usually pass by themselves.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Transport | Self::Timeout | Self::Throttled | Self::Overloaded
        )
    }
}
