//! The transport itself.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use identity_base::BoxFuture;
use identity_base::seam::{
    Clock, ConnectPolicy, Env, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, Resolver,
};
use tokio::runtime::Handle;

use crate::answer::BodyCaps;
use crate::builder::HyperTransportBuilder;
use crate::connect::Connector;
use crate::exchange::{Connection, Failure};
use crate::failure;
use crate::limits::Limits;
use crate::message::Outgoing;
use crate::pool::{Key, Pool};
use crate::proxy::{ProxyConfig, ProxyServer};
use crate::target::Target;
use crate::tls::{Settings, Tls};

/// The transport that credentials share when they are given none, while any of them lives. A weak reference: when the last one is gone, so are its connections.
static SHARED: Mutex<Weak<Inner>> = Mutex::new(Weak::new());

/// An [`HttpClient`] over hyper and rustls. Clones share connections and roots.
///
/// See the [crate's documentation](crate) for what it promises.
#[derive(Clone)]
pub struct HyperTransport(Arc<Inner>);

struct Inner {
    env: Arc<dyn Env>,
    clock: Arc<dyn Clock>,
    resolver: Arc<dyn Resolver>,
    proxy: OnceLock<Result<ProxyConfig, HttpError>>,
    tls: Tls,
    pool: Arc<Pool>,
}

impl HyperTransport {
    /// A transport with all defaults: it reads no environment, so it uses no proxy, and it trusts the platform's roots.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// For everything else.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }

    /// The transport that is shared by all that ask for it here, or what `make` returns if there is none at the moment.
    ///
    /// So credentials that were built without a transport share connections and roots. It goes when the last of them does.
    #[must_use]
    pub fn shared_default(make: impl FnOnce() -> Self) -> Self {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.upgrade() {
            Some(inner) => Self(inner),
            None => {
                let made = make();
                *shared = Arc::downgrade(&made.0);
                made
            }
        }
    }

    /// Closes all connections that are idle now. The transport stays usable.
    pub fn close_idle(&self) {
        self.0.pool.clear();
    }

    pub(crate) fn from_builder(builder: HyperTransportBuilder) -> Self {
        let (env, clock) = (builder.env_or_default(), builder.clock_or_default());
        let resolver = builder.resolver_or_default();
        Self(Arc::new(Inner {
            tls: Tls::new(Settings {
                env: Arc::clone(&env),
                files: builder.files,
                clock: Arc::clone(&clock),
                extra_roots: builder.extra_roots,
                bundled_roots: builder.bundled_roots,
            }),
            proxy: builder.proxy.map_or_else(OnceLock::new, |proxy| Ok(proxy).into()),
            env,
            clock,
            resolver,
            pool: Arc::default(),
        }))
    }
}

impl Inner {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let runtime = Handle::try_current().map_err(|_| failure::no_runtime())?;
        let target = Target::parse(&request.uri)?;
        target.check_rule(request.policy.addresses)?;
        let outgoing = Outgoing::new(&request, &target)?;
        let caps = BodyCaps {
            body: request.max_body,
            error: request.max_error_body,
        };
        let proxy = self.proxy(&target, &request.policy)?;
        let key = Key::new(&target, proxy.is_some(), &request.policy.server);
        let mut limits = Limits::start(Arc::clone(&self.clock), request.timeouts)?;

        if let Some(idle) = self
            .pool
            .take(runtime.id(), &key, request.policy.addresses, self.clock.now())
        {
            match idle.exchange(&outgoing, caps, &mut limits).await {
                Ok(exchanged) => return Ok(self.keep(&runtime, key, exchanged)),
                Err(failure) if may_repeat(&failure, &outgoing) => {}
                Err(failure) => {
                    if failure.error.kind == HttpErrorKind::Timeout {
                        // The way to the host may be gone without a word. Shares of this connection, and others of its time, are no better.
                        self.pool.discard(runtime.id(), &key);
                    }
                    return Err(failure.error);
                }
            }
        }
        let connector = Connector {
            resolver: &*self.resolver,
            tls: &self.tls,
            target: &target,
            policy: &request.policy,
            proxy,
        };
        let dialed = connector.dial(&mut limits).await?;
        let connection = Connection::start(dialed, &mut limits).await?;
        match connection.exchange(&outgoing, caps, &mut limits).await {
            Ok(exchanged) => Ok(self.keep(&runtime, key, exchanged)),
            Err(failure) => Err(failure.error),
        }
    }

    fn keep(
        &self,
        runtime: &Handle,
        key: Key,
        (answer, connection): (HttpResponse, Option<Connection>),
    ) -> HttpResponse {
        if let Some(connection) = connection {
            self.pool.put(runtime, key, connection, &self.clock);
        }
        answer
    }

    fn proxy(&self, target: &Target, policy: &ConnectPolicy) -> Result<Option<&ProxyServer>, HttpError> {
        if policy.no_proxy || !target.tls {
            return Ok(None);
        }
        let config = self.proxy.get_or_init(|| {
            ProxyConfig::from_env(&*self.env)
                .map_err(|error| HttpError::before_sending(HttpErrorKind::Proxy, error.to_string()))
        });
        match config {
            Ok(config) => Ok(config.server_for(target, policy)),
            Err(error) => Err(error.clone()),
        }
    }
}

/// Whether a request that failed over an idle connection goes out once more, over a new one.
///
/// The server may have closed the connection while it was idle. If a byte of the request was written, nobody can tell whether it was
/// processed, so then only a method that may be repeated by its definition is; a single-use grant never is.
fn may_repeat(failure: &Failure, request: &Outgoing) -> bool {
    failure.stale && (!failure.error.request_sent || request.method.is_idempotent())
}

impl HttpClient for HyperTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(self.0.send(request))
    }
}

impl Default for HyperTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("proxy", &self.0.proxy.get().and_then(|proxy| proxy.as_ref().ok()))
            .field("tls", &self.0.tls)
            .finish_non_exhaustive()
    }
}
