//! What all credentials can be told.

mod get;
mod http;

use std::sync::Arc;

use identity_base::seam::{
    BrowserOpener, Clock, Env, FileSystem, HttpClient, ProcessRunner, Random, Resolver,
};
use identity_base::{Authority, Observer};

use crate::CacheOptions;
use crate::discovery::Discovery;
use crate::os::{SystemBrowser, SystemClock, SystemEnv, SystemFs, SystemProcess, SystemRandom};
use crate::retry::{Hosts, RetryPolicy};

/// What every credential can be told: where the authority is, how to reach it, and through which seams the world is touched.
///
/// The default is right for most programs. A value is cheap to clone; clones share the HTTP client with its connections, the retry budgets and what was
/// discovered about authorities, so give the credentials of one program clones of one value.
///
/// ```
/// use identity_base::Authority;
/// use identity_runtime::ClientOptions;
/// let options = ClientOptions::default()
///     .with_authority(Authority::us_government())
///     .with_application_id("backup-job");
/// assert_eq!(options.authority()?.host(), "login.microsoftonline.us");
/// # Ok::<(), identity_base::Error>(())
/// ```
///
/// Setters never fail and do no I/O; [`ClientOptions::validate`] tells what is wrong early, else the first request does.
#[derive(Clone)]
pub struct ClientOptions {
    authority: Option<Authority>,
    allowed_authorities: Vec<Authority>,
    instance_discovery: bool,
    application_id: Option<String>,
    transport: Option<Arc<dyn HttpClient>>,
    extra_roots: Vec<Arc<[u8]>>,
    /// Whether the built-in transport would be another one than that of everybody else.
    special_transport: bool,
    clock: Arc<dyn Clock>,
    env: Arc<dyn Env>,
    file_system: Arc<dyn FileSystem>,
    random: Arc<dyn Random>,
    process_runner: Arc<dyn ProcessRunner>,
    own_process_runner: bool,
    browser_opener: Arc<dyn BrowserOpener>,
    own_browser_opener: bool,
    resolver: Option<Arc<dyn Resolver>>,
    observer: Option<Arc<dyn Observer>>,
    retry: RetryPolicy,
    cache: CacheOptions,
    shared: Arc<Shared>,
}

/// What clones share. Made anew when a setter changes what it was made from.
#[derive(Debug, Default)]
struct Shared {
    http: http::LazyClient,
    hosts: Arc<Hosts>,
    discovery: Discovery,
}

impl Default for ClientOptions {
    /// The public cloud unless `AZURE_AUTHORITY_HOST` says otherwise, the built-in transport, the system's seams.
    fn default() -> Self {
        Self {
            authority: None,
            allowed_authorities: Vec::new(),
            instance_discovery: true,
            application_id: None,
            transport: None,
            extra_roots: Vec::new(),
            special_transport: false,
            clock: Arc::new(SystemClock::new()),
            env: Arc::new(SystemEnv::new()),
            file_system: Arc::new(SystemFs::new()),
            random: Arc::new(SystemRandom::new()),
            process_runner: Arc::new(SystemProcess::new()),
            own_process_runner: false,
            browser_opener: Arc::new(SystemBrowser::new()),
            own_browser_opener: false,
            resolver: None,
            observer: None,
            retry: RetryPolicy::new(),
            cache: CacheOptions::new(),
            shared: Arc::default(),
        }
    }
}

impl ClientOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the authority. Default: `AZURE_AUTHORITY_HOST`, else the public cloud.
    #[must_use]
    pub fn with_authority(mut self, authority: Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Trusts an authority that isn't in the built-in table, without asking the public cloud about it.
    #[must_use]
    pub fn allow_authority(mut self, authority: Authority) -> Self {
        self.allowed_authorities.push(authority);
        self
    }

    /// Trusts whatever authority is configured, known or not. For private clouds that can't reach the public one. Default: no.
    #[must_use]
    pub fn with_disable_instance_discovery(mut self, disable: bool) -> Self {
        self.instance_discovery = !disable;
        self
    }

    /// Names the program in the `User-Agent` header: printable ASCII, at most 64 characters.
    #[must_use]
    pub fn with_application_id(mut self, id: impl Into<String>) -> Self {
        self.application_id = Some(id.into());
        self
    }

    /// Sets the HTTP client. Requests that it answers with `Unsupported` go to the built-in one. Default: the built-in one, shared by the whole process.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn HttpClient>) -> Self {
        self.transport = Some(transport);
        self.renewed()
    }

    /// Adds root certificates (PEM, as text or bytes) for the built-in transport, beside those of the platform.
    #[must_use]
    pub fn with_extra_roots(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.extra_roots.push(pem.as_ref().into());
        self.special_transport = true;
        self.renewed()
    }

    /// Sets the resolver of the built-in transport. Default: the system's.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self.special_transport = true;
        self.renewed()
    }

    /// Sets the limits of the token cache. Default: [`CacheOptions::new`](CacheOptions::new).
    #[must_use]
    pub fn with_cache(mut self, cache: CacheOptions) -> Self {
        self.cache = cache;
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self.special_transport = true;
        self.renewed()
    }

    /// Sets the environment. Default: [`SystemEnv`]. Developer tools and browsers are then found by its `PATH` as well, unless they were given.
    #[must_use]
    pub fn with_env(mut self, env: Arc<dyn Env>) -> Self {
        if !self.own_process_runner {
            self.process_runner = Arc::new(SystemProcess::with_env(Arc::clone(&env)));
        }
        if !self.own_browser_opener {
            self.browser_opener = Arc::new(SystemBrowser::with_env(Arc::clone(&env)));
        }
        self.env = env;
        self.special_transport = true;
        self.renewed()
    }

    /// Sets the file system. Default: [`SystemFs`].
    #[must_use]
    pub fn with_file_system(mut self, file_system: Arc<dyn FileSystem>) -> Self {
        self.file_system = file_system;
        self.special_transport = true;
        self.renewed()
    }

    /// Sets the source of random bytes. Default: [`SystemRandom`].
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Sets what runs developer tools. Default: [`SystemProcess`].
    #[must_use]
    pub fn with_process_runner(mut self, process_runner: Arc<dyn ProcessRunner>) -> Self {
        self.process_runner = process_runner;
        self.own_process_runner = true;
        self
    }

    /// Sets what opens web pages. Default: [`SystemBrowser`].
    #[must_use]
    pub fn with_browser_opener(mut self, browser_opener: Arc<dyn BrowserOpener>) -> Self {
        self.browser_opener = browser_opener;
        self.own_browser_opener = true;
        self
    }

    /// Sets who is told of hits, misses, fetches and failures. Default: nobody.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets how requests are repeated. Default: [`RetryPolicy::new`]. Metadata endpoints have a policy of their own.
    #[must_use]
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The same options without what clones share, since it was made from other options.
    fn renewed(mut self) -> Self {
        self.shared = Arc::default();
        self
    }
}

impl std::fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientOptions")
            .field("authority", &self.authority)
            .field("allowed_authorities", &self.allowed_authorities)
            .field("instance_discovery", &self.instance_discovery)
            .field("application_id", &self.application_id)
            .field("transport", &self.transport)
            .field("extra_roots", &self.extra_roots.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
