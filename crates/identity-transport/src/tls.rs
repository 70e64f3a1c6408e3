//! TLS: which roots, which provider, which checks.

mod explain;
mod roots;
mod verify;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use identity_base::seam::{Clock, Env, FileSystem, HttpError, HttpErrorKind, ServerIdentity};
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use tokio::sync::watch;

use crate::detached;
pub(crate) use explain::describe;
use roots::Source;
pub(crate) use roots::parse_pem;

/// How many configurations for services with roots or a thumbprint of their own are kept. A program has one or two; files that are rotated add some.
const MAX_SPECIAL: usize = 8;

/// The TLS side of a transport.
pub(crate) struct Tls {
    settings: Arc<Settings>,
    public: Arc<Mutex<Public>>,
    special: Mutex<Vec<(ServerIdentity, Arc<ClientConfig>)>>,
}

/// What a transport was built with.
pub(crate) struct Settings {
    pub(crate) env: Arc<dyn Env>,
    pub(crate) files: Option<Arc<dyn FileSystem>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) extra_roots: Vec<CertificateDer<'static>>,
    pub(crate) bundled_roots: bool,
}

/// The configuration for public roots, which takes milliseconds to make and is made once.
enum Public {
    Unloaded,
    /// A thread makes it. Not a task: then nobody would wait for a runtime that is not driven.
    Loading(watch::Receiver<Option<Loaded>>),
    Ready(Arc<ClientConfig>),
}

type Loaded = Result<Arc<ClientConfig>, Problem>;

/// Why there is no configuration. Shared by all that wait for it.
#[derive(Clone, Debug)]
pub(crate) struct Problem(pub(crate) Cow<'static, str>);

impl From<Problem> for HttpError {
    fn from(problem: Problem) -> Self {
        Self::before_sending(HttpErrorKind::Tls, problem.0)
    }
}

impl Tls {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            public: Arc::new(Mutex::new(Public::Unloaded)),
            special: Mutex::default(),
        }
    }

    /// Begins to load what a connection under `identity` will need, while its name is looked up and TCP connects.
    pub(crate) fn warm_up(&self, identity: &ServerIdentity) {
        let unloaded = matches!(*self.lock_public(), Public::Unloaded);
        if unloaded && *identity == ServerIdentity::PublicRoots && !roots::in_files(&*self.settings.env) {
            // A failure is told by `config`, which tries again.
            drop(self.load(Source::Platform));
        }
    }

    /// The configuration for `identity`.
    ///
    /// # Errors
    /// [`HttpErrorKind::Tls`] if there are no usable roots. It isn't remembered: the next call tries again.
    pub(crate) async fn config(&self, identity: &ServerIdentity) -> Result<Arc<ClientConfig>, HttpError> {
        if *identity != ServerIdentity::PublicRoots {
            return Ok(self.special(identity)?);
        }
        let known = match &*self.lock_public() {
            Public::Ready(config) => return Ok(Arc::clone(config)),
            Public::Loading(loading) => alive(loading),
            Public::Unloaded => None,
        };
        let loading = match known {
            Some(loading) => loading,
            None => self.load(roots::source(&*self.settings.env, self.settings.files.as_deref()).await?)?,
        };
        wait(loading).await.map_err(HttpError::from)
    }

    /// Has the configuration made on a thread, unless another one is at it already.
    fn load(&self, source: Source) -> Result<watch::Receiver<Option<Loaded>>, Problem> {
        let mut public = self.lock_public();
        match &*public {
            Public::Ready(config) => return Ok(watch::channel(Some(Ok(Arc::clone(config)))).1),
            Public::Loading(loading) => {
                if let Some(loading) = alive(loading) {
                    return Ok(loading);
                }
            }
            Public::Unloaded => {}
        }
        let (loaded, loading) = watch::channel(None);
        let (settings, state) = (Arc::clone(&self.settings), Arc::clone(&self.public));
        let work = move || {
            let config = roots::verifier(&source, &settings)
                .and_then(|verifier| make_config(verifier, &settings.clock));
            let next = match &config {
                Ok(config) => Public::Ready(Arc::clone(config)),
                Err(_) => Public::Unloaded,
            };
            *state.lock().unwrap_or_else(PoisonError::into_inner) = next;
            loaded.send_replace(Some(config));
        };
        drop(
            detached::run("identity-roots", work)
                .map_err(|error| Problem(format!("no thread to load the roots: {error}").into()))?,
        );
        *public = Public::Loading(loading.clone());
        Ok(loading)
    }

    fn special(&self, identity: &ServerIdentity) -> Result<Arc<ClientConfig>, Problem> {
        let mut known = self.special.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, config)) = known.iter().find(|(other, _)| other == identity) {
            return Ok(Arc::clone(config));
        }
        let verifier: Arc<dyn ServerCertVerifier> = match identity {
            ServerIdentity::Roots { pem, .. } => roots::exclusive(pem)?,
            ServerIdentity::Thumbprint(thumbprint) => Arc::new(verify::Pinned::new(*thumbprint)),
            _ => {
                return Err(Problem(
                    "this way of proving who the server is isn't supported".into(),
                ));
            }
        };
        let config = make_config(verifier, &self.settings.clock)?;
        if known.len() >= MAX_SPECIAL {
            known.remove(0);
        }
        known.push((identity.clone(), Arc::clone(&config)));
        Ok(config)
    }

    fn lock_public(&self) -> std::sync::MutexGuard<'_, Public> {
        self.public.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("extra_roots", &self.settings.extra_roots.len())
            .finish_non_exhaustive()
    }
}

/// The receiver, unless its thread is gone without a result: it panicked.
fn alive(loading: &watch::Receiver<Option<Loaded>>) -> Option<watch::Receiver<Option<Loaded>>> {
    (loading.borrow().is_some() || loading.has_changed().is_ok()).then(|| loading.clone())
}

async fn wait(mut loading: watch::Receiver<Option<Loaded>>) -> Loaded {
    let loaded = loading.wait_for(Option::is_some).await;
    match loaded.as_deref() {
        Ok(Some(loaded)) => loaded.clone(),
        _ => Err(Problem("loading the roots panicked".into())),
    }
}

/// The provider of cryptography: always this one, whatever default the program has installed.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc"))]
    let provider = rustls::crypto::ring::default_provider();
    Arc::new(provider)
}

fn make_config(
    verifier: Arc<dyn ServerCertVerifier>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<ClientConfig>, Problem> {
    let mut config =
        ClientConfig::builder_with_details(provider(), Arc::new(CertificateTime(Arc::clone(clock))))
            .with_safe_default_protocol_versions()
            .map_err(|error| Problem(format!("TLS can't be set up: {error}").into()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
    config.alpn_protocols = vec![
        #[cfg(feature = "http2")]
        b"h2".to_vec(),
        b"http/1.1".to_vec(),
    ];
    Ok(Arc::new(config))
}

/// Certificates are checked at the time of the clock seam.
#[derive(Debug)]
struct CertificateTime(Arc<dyn Clock>);

impl TimeProvider for CertificateTime {
    fn current_time(&self) -> Option<UnixTime> {
        let since_epoch = self.0.now().system_time().duration_since(std::time::UNIX_EPOCH);
        since_epoch.ok().map(UnixTime::since_unix_epoch)
    }
}

#[cfg(test)]
mod tests;
