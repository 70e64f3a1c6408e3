//! The account that the Azure Resources extension of Visual Studio Code signed in.

mod fetch;
mod record;
mod redeem;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use identity_base::Error;
use identity_runtime::{Cached, ClientOptions};

use crate::setup::{forward_credential, tenants};
use fetch::Fetch;
pub use record::VisualStudioCodeAccount;
pub use redeem::RedeemAccount;

const NAME: &str = "VisualStudioCodeCredential";

/// The account that is signed in to the Azure Resources extension of Visual Studio Code, for development.
///
/// The extension writes a record of the account into the user's home directory; it holds no secret. A token then comes from the sign-in that the system's
/// shared token cache has for that account, silently. That part is a [`RedeemAccount`], which the program (or the default chain) gives; without one, and whenever the record is
/// missing or is not what it should be, the credential is
/// [unavailable](identity_base::ErrorKind::CredentialUnavailable) and says why.
///
/// ```
/// use identity_devtools::VisualStudioCodeCredential;
/// let credential = VisualStudioCodeCredential::builder().with_tenant_id("contoso.com").build()?;
/// # Ok::<(), identity_base::Error>(())
/// ```
///
/// The record is read anew for each token that isn't cached, so signing in needs no restart.
///
/// Cheap to clone; clones share the cache, and closing one closes all.
#[derive(Clone, Debug)]
pub struct VisualStudioCodeCredential(Cached<Fetch>);

impl VisualStudioCodeCredential {
    /// The account that is signed in, with default options.
    ///
    /// Reads nothing, and needs no runtime.
    ///
    /// # Errors
    /// As [`VisualStudioCodeCredentialBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A credential with options.
    pub fn builder() -> VisualStudioCodeCredentialBuilder {
        VisualStudioCodeCredentialBuilder::default()
    }

    /// Reads the record of the account now.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`](identity_base::ErrorKind::CredentialUnavailable) when there is none, it can't be read, or it is not what it
    /// should be; all that is wrong with it is in the message.
    pub async fn account(&self) -> Result<VisualStudioCodeAccount, Error> {
        let options = &self.0.fetcher().options;
        record::read(options)
            .await
            .map_err(|error| error.with_credential(NAME))
    }
}

forward_credential!(VisualStudioCodeCredential);

/// Makes a [`VisualStudioCodeCredential`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct VisualStudioCodeCredentialBuilder {
    options: ClientOptions,
    tenant_id: Option<String>,
    additionally_allowed_tenants: Vec<String>,
    redeemer: Option<Arc<dyn RedeemAccount>>,
}

impl VisualStudioCodeCredentialBuilder {
    /// Sets the tenant to ask for. Default, also for an empty text: that of the account.
    pub fn with_tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }

    /// Allows requests for other tenants than the credential's own; `*` allows all. Default: none. A credential without a tenant of its own may be asked for
    /// any.
    pub fn with_additionally_allowed_tenants<I>(mut self, tenants: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.additionally_allowed_tenants
            .extend(tenants.into_iter().map(Into::into));
        self
    }

    /// Sets what turns the account into tokens. Default: nothing does, and the credential is unavailable.
    pub fn with_redeemer(mut self, redeemer: Arc<dyn RedeemAccount>) -> Self {
        self.redeemer = Some(redeemer);
        self
    }

    /// Sets clock, environment, file system, observer and the like. Default: [`ClientOptions::default`].
    pub fn with_options(mut self, options: &ClientOptions) -> Self {
        self.options = options.clone();
        self
    }

    /// Makes the credential. Reads nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`](identity_base::ErrorKind::InvalidConfiguration) when a tenant or an option can't be.
    pub fn build(self) -> Result<VisualStudioCodeCredential, Error> {
        let tenants = tenants(self.tenant_id.as_deref(), &self.additionally_allowed_tenants)
            .map_err(|error| error.with_credential(NAME))?;
        self.options.validate()?;
        let fetch = Fetch {
            options: self.options.clone(),
            tenants,
            redeemer: self.redeemer,
        };
        Ok(VisualStudioCodeCredential(Cached::new(fetch, &self.options)))
    }
}
