//! Tokens of another credential as client assertions.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use identity_base::{
    Authority, BoxFuture, Cloud, Error, ErrorKind, Foreign, Secret, TokenCredential, TokenRequest,
};
use identity_runtime::assertion::{AssertionContext, AssertionSource, ClientAssertion};

/// A token with less left than this isn't sent as an assertion: it has to live until the exchange is done.
const MARGIN: Duration = Duration::from_secs(300);

/// Another credential whose tokens an application trusts through a federated credential: usually a user-assigned managed identity. With it an
/// application signs in without any secret, also in another tenant than the identity's.
///
/// The audience follows from the cloud: `api://AzureADTokenExchange` in the public one, and its like in the others. The other credential caches its
/// tokens; one with less than five minutes left is not used.
///
/// ```
/// use std::sync::Arc;
/// use identity_base::TokenCredential;
/// use identity_confidential::{ClientAssertionCredential, FederatedIdentity};
///
/// fn in_other_tenant(managed_identity: Arc<dyn TokenCredential>) -> Result<ClientAssertionCredential, identity_base::Error> {
///     ClientAssertionCredential::new(
///         "fabrikam.com",
///         "44444444-4444-4444-4444-444444444444",
///         FederatedIdentity::new(managed_identity),
///     )
/// }
/// ```
#[derive(Clone, Debug)]
pub struct FederatedIdentity {
    credential: Arc<dyn TokenCredential>,
    audience: Option<String>,
}

impl FederatedIdentity {
    /// Tokens of `credential`, for the audience of the cloud that is asked.
    #[must_use]
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self {
            credential,
            audience: None,
        }
    }

    /// Sets the audience, for a federated credential that has another one, and for clouds that aren't known.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    async fn token(&self, context: &AssertionContext) -> Result<Secret, Error> {
        let audience = match &self.audience {
            Some(audience) => audience.as_str(),
            None => audience_for(&context.token_endpoint)?,
        };
        let scope = format!("{}/.default", audience.trim_end_matches('/'));
        let request = TokenRequest::new(scope.as_str()).min_remaining(MARGIN);
        let token = self.credential.get_token_with(request).await?;
        if !context.renew {
            return Ok(Secret::from(&token));
        }
        let fresh = self
            .credential
            .get_token_with(TokenRequest::new(scope.as_str()).rejected(&token))
            .await?;
        Ok(Secret::from(&fresh))
    }
}

impl ClientAssertion for FederatedIdentity {
    fn assertion<'a>(&'a self, context: &'a AssertionContext) -> BoxFuture<'a, Result<Secret, Error>> {
        Box::pin(self.token(context))
    }
}

impl From<FederatedIdentity> for AssertionSource {
    fn from(identity: FederatedIdentity) -> Self {
        Self::new(identity)
    }
}

/// The audience that federated credentials have by default in the cloud of a token endpoint.
///
/// # Errors
/// [`ErrorKind::InvalidConfiguration`] for a host that isn't known.
pub(crate) fn audience_for(token_endpoint: &str) -> Result<&'static str, Error> {
    let host = token_endpoint
        .parse::<Uri>()
        .ok()
        .and_then(|uri| uri.authority().map(|authority| authority.as_str().to_owned()))
        .unwrap_or_default();
    // A regional host is a known one with the region before it.
    let central = host.split_once('.').map_or("", |(_, central)| central);
    [host.as_str(), central]
        .into_iter()
        .find_map(audience_of_host)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                format!(
                    "no audience for federated credentials is known for {}",
                    Foreign::quoted(&host, 120)
                ),
            )
            .with_hint(
                "set the audience that the federated credential of the application has (`with_audience`; at the command line --audience)",
            )
        })
}

fn audience_of_host(host: &str) -> Option<&'static str> {
    Some(match Authority::parse(host).ok()?.cloud() {
        Cloud::Public => "api://AzureADTokenExchange",
        Cloud::UsGovernment => "api://AzureADTokenExchangeUSGov",
        Cloud::China => "api://AzureADTokenExchangeChina",
        Cloud::France => "api://AzureADTokenExchangeFrance",
        Cloud::Germany => "api://AzureADTokenExchangeGermany",
        Cloud::Singapore => "api://AzureADTokenExchangeGovSG",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_its_audience() {
        for (host, suffix) in [
            ("login.microsoftonline.com", ""),
            ("westeurope.login.microsoft.com", ""),
            ("login.microsoftonline.us", "USGov"),
            ("usgovvirginia.login.microsoftonline.us", "USGov"),
            ("login.chinacloudapi.cn", "China"),
            ("login.sovcloud-identity.fr", "France"),
            ("login.sovcloud-identity.de", "Germany"),
            ("login.sovcloud-identity.sg", "GovSG"),
        ] {
            let audience = audience_for(&format!("https://{host}/t/oauth2/v2.0/token")).unwrap();
            assert_eq!(audience, format!("api://AzureADTokenExchange{suffix}"));
        }
        for host in [
            "localhost:8443",
            "login.example",
            "login.microsoftonline.com.evil.test",
            "a.b.login.microsoftonline.com",
        ] {
            let error = audience_for(&format!("https://{host}/t")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{host}");
        }
    }
}
