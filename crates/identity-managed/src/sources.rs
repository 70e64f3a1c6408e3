//! One module for each source. Each checks what the host set when it is made, and asks when a token is wanted.

mod app_service;
mod azure_arc;
mod azure_ml;
mod cloud_shell;
mod imds;
mod service_fabric;
mod token_exchange;

use identity_base::seam::Env;
use identity_base::{Error, ErrorKind, Secret};

pub(crate) use app_service::AppService;
pub(crate) use azure_arc::AzureArc;
pub(crate) use azure_ml::AzureMl;
pub(crate) use cloud_shell::CloudShell;
pub(crate) use imds::Imds;
pub(crate) use service_fabric::ServiceFabric;
pub(crate) use token_exchange::TokenExchange;

use crate::endpoint::Endpoint;
use crate::user_assigned::Names;
use crate::{ManagedIdentitySource, UserAssignedId};

/// The endpoint that the variable `name` holds.
fn endpoint(source: ManagedIdentitySource, env: &dyn Env, name: &'static str) -> Result<Endpoint, Error> {
    Endpoint::parse(name, &required(source, env, name)?)
}

/// The secret that the variable `name` holds.
fn secret(source: ManagedIdentitySource, env: &dyn Env, name: &'static str) -> Result<Secret, Error> {
    required(source, env, name).map(Secret::new)
}

/// A variable that the source can't do without. It is missing only when the program chose the source.
fn required(source: ManagedIdentitySource, env: &dyn Env, name: &'static str) -> Result<String, Error> {
    env.var(name).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{source} was chosen, but {name} is not set"),
        )
        .with_hint("run on such a host, or leave the choice of the source to the environment")
    })
}

/// Refuses an identity that the source has no way to select: asking without it would give a token of another identity.
fn check_selectable(
    source: ManagedIdentitySource,
    names: &Names,
    identity: Option<&UserAssignedId>,
) -> Result<(), Error> {
    match identity {
        Some(identity) if identity.parameter(names).is_none() => {
            let hint = match (names.client_id, names.object_id) {
                (None, None) => {
                    "leave the identity out: this host serves one identity, which its own configuration decides"
                }
                _ => "name the identity by its client id",
            };
            Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{source} can't select an identity by its {}", identity.kind()),
            )
            .with_hint(hint))
        }
        _ => Ok(()),
    }
}

/// The parameters of a token request: version, resource, and the identity under the source's name for it.
fn parameters<'a>(
    version: Option<&'a str>,
    resource: &'a str,
    names: &Names,
    identity: Option<&'a UserAssignedId>,
) -> Vec<(&'a str, &'a str)> {
    let version = version.map(|version| ("api-version", version));
    let identity = identity.and_then(|identity| identity.parameter(names));
    version
        .into_iter()
        .chain([("resource", resource)])
        .chain(identity.map(|(name, identity)| (name, identity.as_str())))
        .collect()
}
