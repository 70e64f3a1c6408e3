//! Regional authorities: the copy of the token service that is nearest to an application in Azure.

mod detect;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use identity_base::seam::{Clock, Env, Now};
use identity_base::{Authority, Cloud, Error, ErrorKind, Foreign};
use identity_runtime::ClientOptions;
use identity_runtime::env_vars::{AZURE_REGIONAL_AUTHORITY_NAME, MSAL_FORCE_REGION};

/// How long a region, or that there is none, is remembered.
const KEPT: Duration = Duration::from_secs(3600);
/// How long the global service is asked after a regional one failed.
const RESTING: Duration = Duration::from_secs(600);
/// The longest label of a DNS name.
const MAX_LABEL: usize = 63;

/// What was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Setting {
    Named(String),
    Detect,
}

/// Finds the regional authority to ask, if one is configured.
pub(crate) struct Regions {
    setting: Setting,
    options: ClientOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    detected: Option<(Now, Option<String>)>,
    resting_since: Option<Now>,
}

impl Regions {
    /// The regions by `region`, else by the environment; `None` when neither asks for any.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the value is no region.
    pub(crate) fn new(region: Option<&str>, options: &ClientOptions) -> Result<Option<Self>, Error> {
        let configured = match region {
            Some(region) => Some(("the region", region.to_owned())),
            None => from_env(&**options.env()),
        };
        let Some((source, text)) = configured else {
            return Ok(None);
        };
        Ok(Some(Self {
            setting: parse(source, &text)?,
            options: options.clone(),
            state: Mutex::default(),
        }))
    }

    /// The regional form of `authority`; `None` when the global one is to be asked: no region was found, or it failed a short time ago.
    pub(crate) async fn authority(&self, authority: &Authority) -> Option<Authority> {
        let now = self.clock().now();
        if self
            .lock()
            .resting_since
            .is_some_and(|since| now.since(since) < RESTING)
        {
            return None;
        }
        let region = match &self.setting {
            Setting::Named(region) => region.clone(),
            Setting::Detect => self.detected(now).await?,
        };
        regional(&region, authority)
    }

    /// The regional service can't be reached: the global one is asked for a while.
    pub(crate) fn failed(&self) {
        let now = self.clock().now();
        self.lock().resting_since = Some(now);
    }

    async fn detected(&self, now: Now) -> Option<String> {
        let known = self.lock().detected.clone();
        if let Some((_, region)) = known.filter(|(at, _)| now.since(*at) < KEPT) {
            return region;
        }
        let region = detect::region(&self.options)
            .await
            .filter(|region| is_region(region));
        self.lock().detected = Some((now, region.clone()));
        region
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.options.clock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regions").field(&self.setting).finish()
    }
}

fn from_env(env: &dyn Env) -> Option<(&'static str, String)> {
    [AZURE_REGIONAL_AUTHORITY_NAME, MSAL_FORCE_REGION]
        .into_iter()
        .find_map(|name| Some((name, env.var(name)?)))
}

fn parse(source: &str, text: &str) -> Result<Setting, Error> {
    let text = text.trim();
    if ["tryautodetect", "true"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
    {
        return Ok(Setting::Detect);
    }
    match is_region(text) {
        true => Ok(Setting::Named(text.to_owned())),
        false => Err(Error::new(
            ErrorKind::InvalidConfiguration,
            format!("{source} is {}, which is no region", Foreign::quoted(text, 80)),
        )
        .with_hint("use a region's programmatic name such as westeurope, or tryautodetect")),
    }
}

/// One DNS label in lower case that begins with a letter: it becomes part of a host name that a credential is sent to.
fn is_region(text: &str) -> bool {
    text.len() <= MAX_LABEL
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The authority of `region` that belongs to `authority`.
fn regional(region: &str, authority: &Authority) -> Option<Authority> {
    let host = match authority.cloud() {
        Cloud::Public => "login.microsoft.com",
        _ => authority.origin(),
    };
    Authority::parse(&format!("{region}.{host}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_single_labels() {
        for good in ["westeurope", "eastus2", "a", "centralus-euap", &"a".repeat(63)] {
            assert_eq!(parse("x", good).unwrap(), Setting::Named(good.to_owned()));
        }
        for bad in [
            "",
            "1west",
            "-a",
            "a-",
            "west.europe",
            "West",
            "west_europe",
            "a/b",
            "evil.test#",
            &"a".repeat(64),
            "é",
        ] {
            let error = parse("AZURE_REGIONAL_AUTHORITY_NAME", bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad}");
            assert!(error.message().starts_with("AZURE_REGIONAL_AUTHORITY_NAME"));
        }
        for detect in ["TryAutoDetect", "true", "TRUE", " tryautodetect "] {
            assert_eq!(parse("x", detect).unwrap(), Setting::Detect);
        }
    }

    #[test]
    fn the_host_depends_on_the_cloud() {
        for (authority, expected) in [
            ("login.microsoftonline.com", "https://r.login.microsoft.com"),
            ("login.windows.net", "https://r.login.microsoft.com"),
            ("login.microsoftonline.us", "https://r.login.microsoftonline.us"),
            ("localhost:8443", "https://r.localhost:8443"),
        ] {
            let authority = Authority::parse(authority).unwrap();
            assert_eq!(regional("r", &authority).unwrap().as_str(), expected);
        }
    }
}
