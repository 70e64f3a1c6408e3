//! The grant registry: one module a grant.

mod client_credentials;

use crate::answer::Answer;
use crate::refusal::Refusal;

use super::TokenCall;

/// A way to earn a token.
pub(super) trait Grant: Sync {
    /// The value of `grant_type`.
    fn name(&self) -> &'static str;

    /// Checks the grant and issues what it earns.
    fn redeem(&self, request: &TokenCall<'_>) -> Result<Answer, Refusal>;
}

/// Every grant. A new one is added here.
static GRANTS: &[&dyn Grant] = &[&client_credentials::ClientCredentials];

pub(super) fn find(name: &str) -> Option<&'static dyn Grant> {
    GRANTS.iter().copied().find(|grant| grant.name() == name)
}
