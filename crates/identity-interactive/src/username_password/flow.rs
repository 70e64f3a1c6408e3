//! The flow: find out where the account signs in, and sign in there.

use std::fmt;
use std::time::Duration;

use identity_base::{Error, OwnedRequest, Secret, TenantId};
use identity_runtime::entra::RequestHeaders;

use super::realm::{Realm, discover};
use super::{NAME, federation};
use crate::application::Application;
use crate::sign_in::{SignIn, SignedIn};

const GRANT: &str = "password";
/// Up to four requests one after another.
const TOTAL: Duration = Duration::from_secs(90);

/// An account and its password.
pub(crate) struct Password {
    pub(super) username: String,
    pub(super) password: Secret,
}

impl SignIn for Password {
    const NAME: &'static str = NAME;
    const GRANT: &'static str = GRANT;
    const ASKS: bool = false;

    fn total(&self) -> Duration {
        TOTAL
    }

    async fn sign_in(
        &self,
        application: &Application,
        tenant: &TenantId,
        request: &OwnedRequest,
    ) -> Result<SignedIn, Error> {
        let options = application.options();
        let endpoints = application.endpoints(tenant).await?;
        let headers = RequestHeaders::new(options, request.correlation_id())?;
        let realm = match tenant.is_adfs() {
            // It is the organization's server.
            true => Realm::Managed,
            false => discover(options, application.authority(), &self.username, &headers).await?,
        };
        let (grant, grant_type) = match &realm {
            Realm::Managed => {
                let grant = application
                    .grant(GRANT, request)?
                    .field("username", self.username.clone())
                    .secret("password", &self.password);
                (grant, GRANT)
            }
            Realm::Federated(server) => {
                let assertion =
                    federation::assertion(options, &headers, server, &self.username, &self.password).await?;
                let grant = application
                    .grant(assertion.grant_type, request)?
                    .secret("assertion", &federation::encoded(&assertion));
                (grant, assertion.grant_type)
            }
        };
        // One id for all requests of the sign-in.
        let grant = endpoints.aim(grant.correlation_id(headers.correlation_id()))?;
        let response = application.client().send(tenant, &grant).await?;
        Ok(SignedIn {
            response,
            nonce: None,
            grant_type,
            username: Some(self.username.clone()),
            farewell: None,
        })
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").finish_non_exhaustive()
    }
}
