//! The instance metadata service of virtual machines and of everything that is built on them.

mod probe;
#[cfg(test)]
mod tests;

use http::HeaderValue;
use identity_base::seam::Env;
use identity_base::{Error, ErrorKind, Fetched};
use identity_runtime::env_vars::AZURE_POD_IDENTITY_AUTHORITY_HOST;
use identity_runtime::retry::RetryPolicy;

use self::probe::Probe;
use super::{check_selectable, parameters};
use crate::answer::Echo;
use crate::endpoint::Endpoint;
use crate::exchange::{Ask, Context, Exchange, METADATA, get, is_unreachable};
use crate::refusal::{Meaning, Refusal};
use crate::user_assigned::Names;
use crate::{ManagedIdentitySource, UserAssignedId};

const SOURCE: ManagedIdentitySource = ManagedIdentitySource::Imds;
const VERSION: &str = "2018-02-01";
/// The same link-local address on every host.
const HOST: &str = "http://169.254.169.254";
const PATH: &str = "/metadata/identity/oauth2/token";
const NAMES: Names = Names {
    client_id: Some("client_id"),
    object_id: Some("object_id"),
    resource_id: Some("msi_res_id"),
};
#[derive(Debug)]
pub(crate) struct Imds {
    endpoint: Endpoint,
    /// For requests within a chain; `None` where it isn't in question whether there is an endpoint.
    probe: Option<Probe>,
}

impl Imds {
    pub(crate) fn new(env: &dyn Env, identity: Option<&UserAssignedId>) -> Result<Self, Error> {
        check_selectable(SOURCE, &NAMES, identity)?;
        let replaced = env.var(AZURE_POD_IDENTITY_AUTHORITY_HOST);
        let host = replaced.as_deref().unwrap_or(HOST);
        Ok(Self {
            endpoint: Endpoint::parse(AZURE_POD_IDENTITY_AUTHORITY_HOST, host)?.join(PATH)?,
            // Who sets the variable says that there is one.
            probe: replaced.is_none().then(Probe::default),
        })
    }

    pub(crate) async fn fetch(&self, context: &Context, ask: Ask<'_>) -> Result<Fetched, Error> {
        let begun = context.options.clock().now();
        let parameters = parameters(Some(VERSION), ask.resource, &NAMES, ask.identity);
        let request =
            get(self.endpoint.with_query(&parameters)?).header(METADATA, HeaderValue::from_static("true"));
        let mut exchange = Exchange {
            context,
            source: SOURCE,
            ask,
            policy: context.policy(RetryPolicy::metadata()),
            echo: Echo::IfPresent,
            secrets: &[],
            meaning,
        };
        if let Some(probe) = &self.probe
            && context.is_within_chain(ask.request)
        {
            probe.check(&exchange, &self.endpoint).await?;
        }
        let spent = context.options.clock().now().since(begun);
        exchange.policy.total = exchange.policy.total.saturating_sub(spent);
        exchange
            .token(request)
            .await
            .map_err(|error| match is_unreachable(&error) {
                true => nobody_there("the request could not be sent").with_source(error),
                false => error,
            })
    }
}

/// What to do on a machine without an endpoint.
const ELSEWHERE: &str = "managed identity works on Azure hosts only; elsewhere use another credential";

/// The error for a machine without an endpoint.
fn nobody_there(why: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("there is no IMDS endpoint: {why}")).with_hint(ELSEWHERE)
}

/// And where the one who refuses is known.
const CONTAINER_DESKTOP: &str = "the network of a container desktop answers like this on a machine outside of Azure: managed identity works on Azure hosts only; elsewhere use another credential";

/// Who answers 403 with these words is the network proxy of a container desktop, on a machine without an endpoint.
fn is_container_desktop(refusal: &Refusal) -> bool {
    // Where the words are in another language, that they aren't JSON gives it away.
    refusal.status == 403 && (!refusal.is_json || refusal.says("unreachable"))
}

fn meaning(refusal: &Refusal, ask: &Ask<'_>) -> Option<Meaning> {
    if is_container_desktop(refusal) {
        return Some(
            Meaning::new(
                ErrorKind::CredentialUnavailable,
                "there is no IMDS endpoint: something else refuses in its place",
            )
            .hint(CONTAINER_DESKTOP),
        );
    }
    if refusal.status != 400 || !refusal.is_json {
        return None;
    }
    // With a code of Entra's the identity exists; it is the resource, or the tenant, that Entra minds.
    let is_resource =
        refusal.aadsts().is_some() || matches!(refusal.code(), Some("invalid_resource" | "invalid_scope"));
    Some(match ask.identity {
        _ if is_resource => Meaning::new(ErrorKind::AuthenticationFailed, "the resource was refused")
            .hint("check the scope: its application must exist in the identity's tenant"),
        Some(_) => Meaning::new(
            ErrorKind::AuthenticationFailed,
            "the requested identity is not assigned to this host",
        )
        .hint("assign it to the host, or correct the id; `az vm identity show` lists what is assigned"),
        None => Meaning::new(
            ErrorKind::CredentialUnavailable,
            "this host has no system-assigned identity, or more than one user-assigned one",
        )
        .hint("switch the system-assigned identity on, or name the user-assigned identity to use"),
    })
}
