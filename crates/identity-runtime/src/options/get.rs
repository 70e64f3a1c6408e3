//! What options say.

use std::sync::Arc;

use identity_base::seam::{BrowserOpener, Clock, Env, FileSystem, HttpClient, ProcessRunner, Random};
use identity_base::{Authority, Error, ErrorKind, Foreign, Observer};

use super::{ClientOptions, http};
use crate::CacheOptions;
use crate::discovery::Discovery;
use crate::env_vars;
use crate::retry::{RetryPolicy, Sender};

/// The longest application id that goes into the `User-Agent` header.
const MAX_APPLICATION_ID_BYTES: usize = 64;

impl ClientOptions {
    /// The authority: the one that was set, else `AZURE_AUTHORITY_HOST`, else the public cloud.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the variable holds no authority.
    pub fn authority(&self) -> Result<Authority, Error> {
        if let Some(authority) = &self.authority {
            return Ok(authority.clone());
        }
        match self.env.var(env_vars::AZURE_AUTHORITY_HOST) {
            Some(host) => Authority::parse(&host).map_err(|error| {
                Error::new(
                    ErrorKind::InvalidConfiguration,
                    format!("{}: {}", env_vars::AZURE_AUTHORITY_HOST, error.message()),
                )
                .with_hint("set it to a host such as login.microsoftonline.com, or unset it")
            }),
            None => Ok(Authority::public()),
        }
    }

    /// The HTTP client. It is made at the first request, so this call is cheap and never fails.
    #[must_use]
    pub fn http(&self) -> Arc<dyn HttpClient> {
        self.shared.http.get(self)
    }

    /// Sends requests with retries, through [`ClientOptions::http`].
    #[must_use]
    pub fn sender(&self) -> Sender {
        Sender::new(
            self.http(),
            Arc::clone(&self.clock),
            Arc::clone(&self.random),
            self.observer.clone(),
            Arc::clone(&self.shared.hosts),
        )
    }

    /// How requests are repeated.
    #[must_use]
    pub fn retry_policy(&self) -> &RetryPolicy {
        &self.retry
    }

    /// What was discovered about authorities.
    #[must_use]
    pub fn discovery(&self) -> &Discovery {
        &self.shared.discovery
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The environment.
    #[must_use]
    pub fn env(&self) -> &Arc<dyn Env> {
        &self.env
    }

    /// The file system.
    #[must_use]
    pub fn file_system(&self) -> &Arc<dyn FileSystem> {
        &self.file_system
    }

    /// The source of random bytes.
    #[must_use]
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }

    /// What runs developer tools.
    #[must_use]
    pub fn process_runner(&self) -> &Arc<dyn ProcessRunner> {
        &self.process_runner
    }

    /// What opens web pages.
    #[must_use]
    pub fn browser_opener(&self) -> &Arc<dyn BrowserOpener> {
        &self.browser_opener
    }

    /// The limits of the token cache.
    #[must_use]
    pub const fn cache(&self) -> CacheOptions {
        self.cache
    }

    /// Who is told of events, if anybody.
    #[must_use]
    pub fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.observer.as_ref()
    }

    /// Whether an authority that isn't known has to be confirmed by the public cloud first.
    #[must_use]
    pub fn is_instance_discovery_enabled(&self) -> bool {
        self.instance_discovery
    }

    /// Whether `authority` was allowed by [`ClientOptions::allow_authority`].
    #[must_use]
    pub fn is_allowed_authority(&self, authority: &Authority) -> bool {
        self.allowed_authorities
            .iter()
            .any(|allowed| allowed.origin() == authority.origin())
    }

    /// The program's name for the `User-Agent` header.
    #[must_use]
    pub fn application_id(&self) -> Option<&str> {
        self.application_id.as_deref()
    }

    /// Checks what can be checked without I/O. Credentials call it in `build()`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] that names the first wrong value.
    pub fn validate(&self) -> Result<(), Error> {
        self.authority()?;
        http::Ingredients::of(self).check()?;
        match &self.application_id {
            Some(id)
                if id.is_empty()
                    || id.len() > MAX_APPLICATION_ID_BYTES
                    || !id.bytes().all(|b| b.is_ascii_graphic() || b == b' ') =>
            {
                Err(Error::new(
                    ErrorKind::InvalidConfiguration,
                    format!("{} can't be an application id", Foreign::quoted(id, 80)),
                )
                .with_hint("use 1 to 64 printable ASCII characters"))
            }
            _ => Ok(()),
        }
    }
}
