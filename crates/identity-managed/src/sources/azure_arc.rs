//! Azure Arc: the agent on a machine outside of Azure. It answers whoever can read a file that only members of its group can read.

mod challenge;
mod key_file;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use http::header::{AUTHORIZATION, HeaderMap};
use http::{HeaderValue, StatusCode};
use identity_base::seam::{Env, HttpRequest};
use identity_base::{Error, ErrorKind, Fetched, Secret};
use identity_runtime::env_vars::{IDENTITY_ENDPOINT, PROGRAM_DATA};
use identity_runtime::retry::Judgement;
use zeroize::Zeroizing;

use self::key_file::KeyDirectory;
use super::{check_selectable, parameters};
use crate::answer::Echo;
use crate::endpoint::Endpoint;
use crate::exchange::{
    Ask, Context, Exchange, METADATA, get, is_unreachable, local_policy, no_meaning, secret_header,
};
use crate::platform::Platform;
use crate::user_assigned::Names;
use crate::{ManagedIdentitySource, UserAssignedId};

const SOURCE: ManagedIdentitySource = ManagedIdentitySource::AzureArc;
const VERSION: &str = "2020-06-01";
/// Where the agent listens, unless the environment says otherwise.
const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
const NAMES: Names = Names {
    client_id: Some("client_id"),
    object_id: Some("object_id"),
    resource_id: Some("msi_res_id"),
};

#[derive(Debug)]
pub(crate) struct AzureArc {
    endpoint: Endpoint,
    /// `Err` says why there is none; it is told when a key would be read.
    keys: Result<KeyDirectory, Error>,
    platform: Platform,
}

impl AzureArc {
    /// At the endpoint that the environment names, if it does. `key_directory` replaces the platform's own.
    pub(crate) fn new(
        env: &dyn Env,
        identity: Option<&UserAssignedId>,
        platform: Platform,
        key_directory: Option<&str>,
    ) -> Result<Self, Error> {
        let url = env.var(IDENTITY_ENDPOINT);
        Self::at(
            url.as_deref().unwrap_or(DEFAULT_ENDPOINT),
            env,
            identity,
            platform,
            key_directory,
        )
    }

    /// At the agent's usual endpoint, for machines on which the agent is found by its program: the environment has nothing to do with it.
    pub(crate) fn installed(
        env: &dyn Env,
        identity: Option<&UserAssignedId>,
        platform: Platform,
        key_directory: Option<&str>,
    ) -> Result<Self, Error> {
        Self::at(DEFAULT_ENDPOINT, env, identity, platform, key_directory)
    }

    fn at(
        url: &str,
        env: &dyn Env,
        identity: Option<&UserAssignedId>,
        platform: Platform,
        key_directory: Option<&str>,
    ) -> Result<Self, Error> {
        check_selectable(SOURCE, &NAMES, identity)?;
        let endpoint = Endpoint::parse(IDENTITY_ENDPOINT, url)?;
        if !endpoint.is_loopback() {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{IDENTITY_ENDPOINT} is not on this machine, as the agent of Azure Arc is"),
            ));
        }
        Ok(Self {
            endpoint,
            keys: keys(env, platform, key_directory),
            platform,
        })
    }

    pub(crate) async fn fetch(&self, context: &Context, ask: Ask<'_>) -> Result<Fetched, Error> {
        let uri = self
            .endpoint
            .with_query(&parameters(Some(VERSION), ask.resource, &NAMES, ask.identity))?;
        let request = get(uri).header(METADATA, HeaderValue::from_static("true"));
        let exchange = Exchange {
            context,
            source: SOURCE,
            ask,
            policy: context.policy(local_policy()),
            echo: Echo::Required,
            secrets: &[],
            meaning: no_meaning,
        };
        let challenge = self.challenge(&exchange, request.clone()).await?;
        let keys = self.keys.as_ref().map_err(Clone::clone)?;
        let name = challenge::key_name(&challenge, &keys.spelling, self.platform)?;
        let key = key_file::read(&**context.options.file_system(), keys, &name).await?;
        let exchange = Exchange {
            secrets: &[&key],
            ..exchange
        };
        exchange
            .token(request.header(AUTHORIZATION, authorization(&key)?))
            .await
    }

    /// The first answer, which has to be a challenge. Who gives a token without one is not the agent.
    async fn challenge(&self, exchange: &Exchange<'_>, request: HttpRequest) -> Result<HeaderMap, Error> {
        let challenge = exchange.send(request, |response, sent| {
            if response.status == StatusCode::UNAUTHORIZED {
                return Judgement::Done(Ok(response.headers));
            }
            match exchange.judge(&response, sent) {
                Judgement::Repeat(repeat) => Judgement::Repeat(repeat),
                Judgement::Done(Err(error)) => Judgement::Done(Err(error)),
                Judgement::Done(Ok(_)) => {
                    Judgement::Done(Err(refused("the agent answered without a challenge")))
                }
            }
        });
        challenge.await.map_err(|error| match is_unreachable(&error) {
            true => Error::unavailable("the agent of Azure Arc does not listen")
                .with_hint("check that it runs: `azcmagent show`")
                .with_source(error),
            false => error,
        })
    }
}

/// `Basic` and the key as it is in the file.
fn authorization(key: &Secret) -> Result<HeaderValue, Error> {
    let mut value = Zeroizing::new(String::with_capacity("Basic ".len() + key.expose().len()));
    value.push_str("Basic ");
    value.push_str(key.expose());
    let secret = Secret::from(value);
    secret_header("the key file", &secret)
}

/// Where keys are read from.
fn keys(env: &dyn Env, platform: Platform, given: Option<&str>) -> Result<KeyDirectory, Error> {
    if let Some(given) = given {
        return Ok(KeyDirectory {
            spelling: given.trim_end_matches(['/', platform.separator()]).to_owned(),
            is_platforms: false,
            separator: platform.separator(),
        });
    }
    platform.arc_key_directory(env).map_or_else(
        || {
            Err(match platform {
                Platform::Windows => Error::new(
                    ErrorKind::InvalidConfiguration,
                    format!("the environment variable {PROGRAM_DATA} is not set"),
                ),
                _ => Error::new(
                    ErrorKind::InvalidConfiguration,
                    "the agent of Azure Arc runs on Linux and Windows only",
                ),
            })
        },
        |spelling| {
            Ok(KeyDirectory {
                spelling,
                is_platforms: true,
                separator: platform.separator(),
            })
        },
    )
}

/// An answer of the agent's, or a key file, that is not as it has to be.
fn refused(why: impl Into<Cow<'static, str>>) -> Error {
    Error::new(
        ErrorKind::AuthenticationFailed,
        format!("{SOURCE}: {}", why.into()),
    )
}
