//! What the attempts add up to.

use std::borrow::Cow;

use identity_base::{Attempt, Error, ErrorKind};

use super::selection::Role;

/// Whether a chain goes on after a member failed so.
pub(crate) fn goes_on(error: &Error, role: Role) -> bool {
    match error.kind() {
        // An answer for somebody else is never passed over: whoever comes next would hide it. A closed credential stays closed.
        ErrorKind::IdentityMismatch | ErrorKind::Closed => false,
        ErrorKind::CredentialUnavailable | ErrorKind::AuthenticationRequired => true,
        _ => role == Role::DeveloperTool,
    }
}

/// What a chain's error tells beside its attempts.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) hint: Cow<'static, str>,
    /// How many members there are, tried or not.
    pub(crate) members: usize,
}

impl Told {
    /// The error of a chain whose attempts all failed.
    pub(crate) fn summary(self, attempts: Vec<Attempt>, roles: &[Role]) -> Error {
        let softened = |(attempt, role): (&Attempt, &Role)| {
            attempt.error().is_unavailable()
                || (*role == Role::DeveloperTool && goes_on(attempt.error(), *role))
        };
        let unavailable = attempts.iter().zip(roles).all(softened);
        let last = attempts.last().map(Attempt::error);
        let kind = match last.map(Error::kind) {
            _ if unavailable => ErrorKind::CredentialUnavailable,
            Some(kind @ (ErrorKind::IdentityMismatch | ErrorKind::Closed)) => kind,
            _ => ErrorKind::AuthenticationFailed,
        };
        let message = match (unavailable, self.members) {
            (true, 1) => "the only credential is not available",
            (true, _) => "none of the credentials is available",
            (false, 1) => "the only credential failed",
            (false, members) if attempts.len() == members => "a credential failed",
            (false, _) => "a credential failed, so the ones after it were not tried",
        };
        let mut error = Error::new(kind, message)
            .with_credential(self.name)
            .with_hint(self.hint);
        if let Some(last) = last.filter(|_| !unavailable) {
            error = carry(error, last);
        }
        error.with_attempts(attempts)
    }
}

/// Takes over what a caller decides by: the service's code, what it asks for, and whether waiting helps.
fn carry(mut error: Error, last: &Error) -> Error {
    error = error.with_transient(last.is_transient());
    if let Some(code) = last.aadsts() {
        error = error.with_aadsts(code);
    }
    if let Some(code) = last.code() {
        error = error.with_code(code, last.suberror());
    }
    if let Some(id) = last.correlation_id() {
        error = error.with_correlation_id(id);
    }
    if let Some(claims) = last.claims() {
        error = error.with_claims(claims);
    }
    if let Some(delay) = last.retry_after() {
        error = error.with_retry_after(delay);
    }
    if let Some(status) = last.http_status() {
        error = error.with_http_status(status);
    }
    error
}
