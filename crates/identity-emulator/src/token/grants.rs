//! The grant registry: one module a grant.

mod authorization_code;
mod client_credentials;
mod device_code;
mod on_behalf_of;
mod password;
mod refresh_token;
mod saml;

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
static GRANTS: &[&dyn Grant] = &[
    &client_credentials::ClientCredentials,
    &authorization_code::AuthorizationCode,
    &refresh_token::RefreshToken,
    &on_behalf_of::OnBehalfOf,
    &device_code::DeviceCode,
    &password::Password,
    &saml::Saml("urn:ietf:params:oauth:grant-type:saml1_1-bearer"),
    &saml::Saml("urn:ietf:params:oauth:grant-type:saml2-bearer"),
];

pub(super) fn find(name: &str) -> Option<&'static dyn Grant> {
    GRANTS.iter().copied().find(|grant| grant.name() == name)
}
