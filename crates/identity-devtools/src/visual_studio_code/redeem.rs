//! The way from an account to a token.

use std::fmt;

use identity_base::{BoxFuture, Error, Fetched, OwnedRequest, TenantId};

use super::VisualStudioCodeAccount;

/// Gets tokens for the account of a record without asking anybody: from the refresh token that a shared token cache has for it.
///
/// An implementation answers for this account alone. Where there is nothing in the cache for it, or the service wants a person, it fails with
/// [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) or
/// [`ErrorKind::AuthenticationRequired`](identity_base::ErrorKind::AuthenticationRequired), so that a chain goes on.
pub trait RedeemAccount: fmt::Debug + Send + Sync {
    /// Gets a token for `account` in `tenant`. The request's scopes, claims and CAE flag are to be passed on; its tenant is `tenant`.
    fn redeem<'a>(
        &'a self,
        account: &'a VisualStudioCodeAccount,
        tenant: &'a TenantId,
        request: &'a OwnedRequest,
    ) -> BoxFuture<'a, Result<Fetched, Error>>;
}
