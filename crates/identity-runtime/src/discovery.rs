//! Whether an authority may be trusted, and where its endpoints are.
//!
//! Known hosts need no network: their endpoints follow from the authority. Any other host receives a secret only after the public cloud confirmed it as one of
//! Entra's, or after the program said that it is trusted ([`ClientOptions::allow_authority`],
//! [`ClientOptions::with_disable_instance_discovery`]).

mod flights;
mod openid;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Uri;
use identity_base::seam::{HttpRequest, HttpResponse, Now};
use identity_base::{Authority, Error, ErrorKind, TenantId};

pub use openid::OpenIdConfiguration;

use self::flights::Flights;
use crate::ClientOptions;
use crate::entra::RequestHeaders;
use crate::json::Json;
use crate::retry::{Call, Judgement, Repeat, RequestKey, failure};

/// Where the public cloud confirms instances.
const INSTANCE_ENDPOINT: &str = "https://login.microsoftonline.com/common/discovery/instance";
/// What was discovered is asked for again after this time; if that fails, the last good answer stays.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
/// Discovery documents are small.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// More authorities and tenants than this are not remembered.
const MAX_ENTRIES: usize = 1000;
/// The domains of B2C and external tenants, whose host names belong to customers; all are Microsoft's.
const CUSTOMER_DOMAINS: [&str; 5] = [
    "b2clogin.com",
    "b2clogin.cn",
    "b2clogin.us",
    "b2clogin.de",
    "ciamlogin.com",
];

/// What was discovered so far. Clones of one [`ClientOptions`] share one.
#[derive(Default)]
pub struct Discovery {
    /// Never held over a request.
    state: Mutex<State>,
    instance_flights: Flights<String, Vec<String>>,
    configuration_flights: Flights<(String, String), OpenIdConfiguration>,
}

#[derive(Default)]
struct State {
    /// By origin.
    instances: HashMap<String, Known<Vec<String>>>,
    /// By authority and tenant.
    configurations: HashMap<(String, String), Known<OpenIdConfiguration>>,
}

/// What an answer said, and when.
struct Known<T> {
    value: T,
    asked: Now,
}

impl<T: Clone> Known<T> {
    fn fresh(&self, now: Now) -> Option<T> {
        (now.since(self.asked) < MAX_AGE).then(|| self.value.clone())
    }
}

impl Discovery {
    /// Makes sure that a secret may be sent to `authority`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the public cloud doesn't know the host, or a failure to ask it.
    pub async fn trust(
        &self,
        options: &ClientOptions,
        authority: &Authority,
        tenant: &TenantId,
    ) -> Result<(), Error> {
        self.aliases(options, authority, tenant).await.map(|_| ())
    }

    /// Hosts that are the same authority under other names, itself included.
    async fn aliases(
        &self,
        options: &ClientOptions,
        authority: &Authority,
        tenant: &TenantId,
    ) -> Result<Vec<String>, Error> {
        let own = || vec![authority.origin().to_owned()];
        if is_trusted(options, authority, tenant) {
            return Ok(own());
        }
        let (now, origin) = (options.clock().now(), authority.origin());
        let known = |state: &State| state.instances.get(origin).and_then(|known| known.fresh(now));
        if let Some(aliases) = known(&self.state()) {
            return Ok(aliases);
        }
        let ask = async {
            // Somebody else may have asked while this caller waited for its turn.
            if let Some(aliases) = known(&self.state()) {
                return Ok(aliases);
            }
            let mut aliases = ask_instance(options, authority, tenant).await?;
            aliases.extend(own());
            keep(
                &mut self.state().instances,
                origin.to_owned(),
                aliases.clone(),
                now,
            );
            Ok(aliases)
        };
        let asked = self
            .instance_flights
            .join(&**options.clock(), origin.to_owned(), ask)
            .await;
        asked.or_else(|error| match self.state().instances.get(origin) {
            Some(known) if error.is_transient() => Ok(known.value.clone()),
            _ => Err(error),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whatever was interrupted, the maps are whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The endpoints that the authority names for `tenant`, checked to be its own. Kept for a day; when they can't be read anew, the last ones stay.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the authority doesn't know the tenant, [`ErrorKind::IdentityMismatch`] when an endpoint is on another host or
    /// for another tenant, [`ErrorKind::Protocol`] for an answer that is no configuration, or a failure to ask.
    pub async fn openid_configuration(
        &self,
        options: &ClientOptions,
        authority: &Authority,
        tenant: &TenantId,
    ) -> Result<OpenIdConfiguration, Error> {
        let aliases = self.aliases(options, authority, tenant).await?;
        let now = options.clock().now();
        let key = (
            authority.as_str().to_owned(),
            tenant.as_str().to_ascii_lowercase(),
        );
        let known = |state: &State| state.configurations.get(&key).and_then(|known| known.fresh(now));
        if let Some(configuration) = known(&self.state()) {
            return Ok(configuration);
        }
        let ask = async {
            if let Some(configuration) = known(&self.state()) {
                return Ok(configuration);
            }
            let configuration = openid::ask(options, authority, tenant, &aliases).await?;
            keep(
                &mut self.state().configurations,
                key.clone(),
                configuration.clone(),
                now,
            );
            Ok(configuration)
        };
        let asked = self
            .configuration_flights
            .join(&**options.clock(), key.clone(), ask)
            .await;
        asked.or_else(|error| match self.state().configurations.get(&key) {
            Some(known) if error.is_transient() => Ok(known.value.clone()),
            _ => Err(error),
        })
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery").finish_non_exhaustive()
    }
}

/// Whether the authority needs no confirmation.
fn is_trusted(options: &ClientOptions, authority: &Authority, tenant: &TenantId) -> bool {
    authority.is_known()
        || !options.is_instance_discovery_enabled()
        || options.is_allowed_authority(authority)
        // The public cloud knows no ADFS servers.
        || tenant.is_adfs()
        || is_customer_domain(authority)
}

/// Whether the host is a subdomain of one of Microsoft's domains for customers, on the usual port.
fn is_customer_domain(authority: &Authority) -> bool {
    CUSTOMER_DOMAINS.iter().any(|domain| {
        authority
            .origin()
            .strip_suffix(domain)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|name| !name.is_empty())
    })
}

fn keep<K: std::hash::Hash + Eq, T>(entries: &mut HashMap<K, Known<T>>, key: K, value: T, asked: Now) {
    if entries.len() >= MAX_ENTRIES {
        entries.clear();
    }
    entries.insert(key, Known { value, asked });
}

/// Asks the public cloud whether it knows the authority; its aliases.
async fn ask_instance(
    options: &ClientOptions,
    authority: &Authority,
    tenant: &TenantId,
) -> Result<Vec<String>, Error> {
    let authorize: String =
        form_urlencoded::byte_serialize(format!("{authority}/{tenant}/oauth2/v2.0/authorize").as_bytes())
            .collect();
    let url = format!("{INSTANCE_ENDPOINT}?api-version=1.1&authorization_endpoint={authorize}");
    let (status, json) = get_json(options, &url)
        .await
        .map_err(|error| error.with_hint(why_asked(authority)))?;
    if json.text("error") == Some("invalid_instance") || (json.text("error").is_some() && status == 400) {
        return Err(unknown(authority));
    }
    if status != 200 {
        return Err(failure::status("login.microsoftonline.com", status));
    }
    let endpoint = json
        .text("tenant_discovery_endpoint")
        .and_then(|url| url.parse::<Uri>().ok());
    let aliases = aliases_of(&json, authority.origin());
    let is_own = endpoint.is_some_and(|endpoint| {
        let host = endpoint
            .authority()
            .map(|authority| authority.as_str().to_ascii_lowercase());
        endpoint.scheme_str() == Some("https")
            && host.is_some_and(|host| host == authority.origin() || aliases.contains(&host))
    });
    match is_own {
        true => Ok(aliases),
        false => Err(Error::new(
            ErrorKind::IdentityMismatch,
            format!("the public cloud names another host as the authority {authority}"),
        )),
    }
}

/// The aliases that the answer's metadata has for `origin`.
fn aliases_of(json: &Json, origin: &str) -> Vec<String> {
    let names = |entry: &Json| -> Vec<String> {
        let aliases = entry.get("aliases").and_then(Json::as_array).unwrap_or_default();
        aliases
            .iter()
            .filter_map(Json::as_text)
            .map(str::to_ascii_lowercase)
            .collect()
    };
    json.get("metadata")
        .and_then(Json::as_array)
        .unwrap_or_default()
        .iter()
        .map(names)
        .find(|aliases| aliases.iter().any(|alias| alias == origin))
        .unwrap_or_default()
}

/// Who set one host and reads of a failure at another one needs to know how they belong together.
fn why_asked(authority: &Authority) -> String {
    format!(
        "the public cloud is asked first whether {authority} is an authority; if you trust it, allow it or disable instance discovery (at the command line --trust-authority)"
    )
}

fn unknown(authority: &Authority) -> Error {
    Error::new(
        ErrorKind::InvalidConfiguration,
        format!("the authority {authority} is not known to the public cloud"),
    )
    .with_hint(
        "check the authority; if you trust it, allow it or disable instance discovery (at the command line --trust-authority)",
    )
}

/// Gets a small JSON document: the status and the document.
async fn get_json(options: &ClientOptions, url: &str) -> Result<(u16, Json), Error> {
    let uri: Uri = url.parse().map_err(|_| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            "a discovery endpoint is not a URL",
        )
    })?;
    let host = uri.host().unwrap_or_default().to_owned();
    let call = Call::new("discovery", RequestKey::of(&["discovery", url]));
    let request = RequestHeaders::new(options, None)?.apply(HttpRequest::get(uri).max_body(MAX_BODY_BYTES));
    let policy = options.retry_policy();
    let judge = |response: HttpResponse, _| {
        let status = response.status.as_u16();
        if policy.is_transient_status(status) {
            let repeat = Repeat::new(failure::status(&host, status));
            return Judgement::Repeat(if status >= 500 {
                repeat.host_failed()
            } else {
                repeat
            });
        }
        if (300..400).contains(&status) {
            return Judgement::Done(Err(failure::status(&host, status)));
        }
        match Json::parse(&response.body) {
            Ok(json) => Judgement::Done(Ok((status, json))),
            Err(_) if !response.status.is_success() => Judgement::Done(Err(failure::status(&host, status))),
            Err(error) => Judgement::Done(Err(Error::new(
                ErrorKind::Protocol,
                format!("{host} gave an answer that can't be read: {error}"),
            )
            .with_http_status(status))),
        }
    };
    options.sender().send(policy, &call, request, judge).await
}

#[cfg(test)]
mod tests;
