//! Azure Machine Learning, and App Service's interface of 2017-09-01: one wire format.

use http::HeaderValue;
use http::header::HeaderName;
use identity_base::seam::Env;
use identity_base::{Error, Fetched, Secret};
use identity_runtime::env_vars::{DEFAULT_IDENTITY_CLIENT_ID, MSI_ENDPOINT, MSI_SECRET};

use super::{check_selectable, endpoint, parameters, secret};
use crate::answer::Echo;
use crate::endpoint::Endpoint;
use crate::exchange::{Ask, Context, Exchange, get, local_policy, no_meaning, secret_header};
use crate::user_assigned::Names;
use crate::{ManagedIdentitySource, UserAssignedId};

const SOURCE: ManagedIdentitySource = ManagedIdentitySource::AzureMl;
const VERSION: &str = "2017-09-01";
const HEADER: HeaderName = HeaderName::from_static("secret");
/// One word in this version. Other ways to name an identity don't exist in it.
const CLIENT_ID: &str = "clientid";
const NAMES: Names = Names {
    client_id: Some(CLIENT_ID),
    ..Names::NONE
};

#[derive(Debug)]
pub(crate) struct AzureMl {
    endpoint: Endpoint,
    header: HeaderValue,
    secret: Secret,
    /// The identity of the compute, where there is one that is not the system's.
    default_client_id: Option<String>,
}

impl AzureMl {
    pub(crate) fn new(env: &dyn Env, identity: Option<&UserAssignedId>) -> Result<Self, Error> {
        check_selectable(SOURCE, &NAMES, identity)?;
        let secret = secret(SOURCE, env, MSI_SECRET)?;
        Ok(Self {
            endpoint: endpoint(SOURCE, env, MSI_ENDPOINT)?,
            header: secret_header(MSI_SECRET, &secret)?,
            secret,
            default_client_id: env.var(DEFAULT_IDENTITY_CLIENT_ID),
        })
    }

    pub(crate) async fn fetch(&self, context: &Context, ask: Ask<'_>) -> Result<Fetched, Error> {
        let mut query = parameters(Some(VERSION), ask.resource, &NAMES, ask.identity);
        if let (None, Some(default)) = (ask.identity, &self.default_client_id) {
            query.push((CLIENT_ID, default));
        }
        let exchange = Exchange {
            context,
            source: SOURCE,
            ask,
            policy: context.policy(local_policy()),
            echo: Echo::IfPresent,
            secrets: &[&self.secret],
            meaning: no_meaning,
        };
        let uri = self.endpoint.with_query(&query)?;
        exchange.token(get(uri).header(HEADER, self.header.clone())).await
    }
}
