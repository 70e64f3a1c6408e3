//! App Service, Functions and Container Apps: the interface of 2019-08-01.

use http::HeaderValue;
use http::header::HeaderName;
use identity_base::seam::Env;
use identity_base::{Error, ErrorKind, Fetched, Secret};
use identity_runtime::env_vars::{IDENTITY_ENDPOINT, IDENTITY_HEADER};

use super::{check_selectable, endpoint, parameters, secret};
use crate::answer::Echo;
use crate::endpoint::Endpoint;
use crate::exchange::{Ask, Context, Exchange, get, local_policy, secret_header};
use crate::refusal::{Meaning, Refusal};
use crate::user_assigned::Names;
use crate::{ManagedIdentitySource, UserAssignedId};

const SOURCE: ManagedIdentitySource = ManagedIdentitySource::AppService;
const VERSION: &str = "2019-08-01";
const HEADER: HeaderName = HeaderName::from_static("x-identity-header");
const NAMES: Names = Names {
    client_id: Some("client_id"),
    object_id: Some("object_id"),
    resource_id: Some("mi_res_id"),
};

#[derive(Debug)]
pub(crate) struct AppService {
    endpoint: Endpoint,
    header: HeaderValue,
    secret: Secret,
}

impl AppService {
    pub(crate) fn new(env: &dyn Env, identity: Option<&UserAssignedId>) -> Result<Self, Error> {
        check_selectable(SOURCE, &NAMES, identity)?;
        let secret = secret(SOURCE, env, IDENTITY_HEADER)?;
        Ok(Self {
            endpoint: endpoint(SOURCE, env, IDENTITY_ENDPOINT)?,
            header: secret_header(IDENTITY_HEADER, &secret)?,
            secret,
        })
    }

    pub(crate) async fn fetch(&self, context: &Context, ask: Ask<'_>) -> Result<Fetched, Error> {
        let uri = self
            .endpoint
            .with_query(&parameters(Some(VERSION), ask.resource, &NAMES, ask.identity))?;
        let exchange = Exchange {
            context,
            source: SOURCE,
            ask,
            policy: context.policy(local_policy()),
            echo: Echo::IfPresent,
            secrets: &[&self.secret],
            meaning,
        };
        exchange.token(get(uri).header(HEADER, self.header.clone())).await
    }
}

fn meaning(refusal: &Refusal, ask: &Ask<'_>) -> Option<Meaning> {
    let missing = refusal.says("no managed identity") || refusal.says("identity not found");
    match (refusal.status, ask.identity) {
        (400, Some(_)) if missing => Some(
            Meaning::new(
                ErrorKind::AuthenticationFailed,
                "the requested identity is not assigned to this app",
            )
            .hint(
                "assign it under Identity, User assigned; a change takes effect after a restart of the app",
            ),
        ),
        (400, None) if missing => Some(
            Meaning::new(
                ErrorKind::AuthenticationFailed,
                "this app has no system-assigned identity",
            )
            .hint("switch it on under Identity, or name the user-assigned identity to use"),
        ),
        (401, _) => Some(
            Meaning::new(
                ErrorKind::AuthenticationFailed,
                "the endpoint did not accept IDENTITY_HEADER",
            )
            .hint("the variables belong to one running instance; don't copy them elsewhere"),
        ),
        _ => None,
    }
}
