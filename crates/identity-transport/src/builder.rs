//! What a transport can be told.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use identity_base::seam::{Clock, Env, FileSystem, Resolver};
use identity_base::{Error, ErrorKind};
use rustls::pki_types::CertificateDer;

use crate::clock::TokioClock;
use crate::proxy::ProxyConfig;
use crate::resolver::SystemResolver;
use crate::tls;
use crate::transport::HyperTransport;

/// Builds a [`HyperTransport`]. Nothing is read, started or connected before the first request.
#[derive(Default)]
#[must_use]
pub struct HyperTransportBuilder {
    pub(crate) env: Option<Arc<dyn Env>>,
    pub(crate) files: Option<Arc<dyn FileSystem>>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) resolver: Option<Arc<dyn Resolver>>,
    pub(crate) proxy: Option<ProxyConfig>,
    pub(crate) extra_roots: Vec<CertificateDer<'static>>,
    pub(crate) bundled_roots: bool,
}

impl HyperTransportBuilder {
    /// Where `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR` are read. Default: nowhere, they count as unset.
    pub fn env(mut self, env: Arc<dyn Env>) -> Self {
        self.env = Some(env);
        self
    }

    /// With what the files of `SSL_CERT_FILE` and `SSL_CERT_DIR` are read. Without it, connections over TLS fail if one of them is set.
    pub fn file_system(mut self, files: Arc<dyn FileSystem>) -> Self {
        self.files = Some(files);
        self
    }

    /// By what to measure time: for time limits, the age of connections, and the validity of certificates. Default: the system's time and tokio's timers.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// With what to look names up. Default: a [`SystemResolver`].
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Which proxy to use, or [`ProxyConfig::none`]. Default: what the environment says.
    pub fn proxy(mut self, proxy: ProxyConfig) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Trusts the certificates of `pem` as well: the root of a proxy that inspects TLS, or of a stand-in for the service.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] if there is no certificate in it, or one that can't be a root.
    pub fn extra_root_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let invalid = |what: &str| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                format!("the extra roots can't be used: {what}"),
            )
        };
        let roots = tls::parse_pem(pem.as_ref()).map_err(|problem| invalid(&problem.0))?;
        let mut store = rustls::RootCertStore::empty();
        for root in roots {
            store
                .add(root.clone())
                .map_err(|_| invalid("one of the certificates can't be understood"))?;
            self.extra_roots.push(root);
        }
        Ok(self)
    }

    /// Trusts Mozilla's roots, which are compiled in, in place of the platform's. They get old with the program.
    ///
    /// Without this call they are used only where the platform has none at all.
    #[cfg(feature = "webpki-roots")]
    #[cfg_attr(docsrs, doc(cfg(feature = "webpki-roots")))]
    pub fn bundled_roots(mut self) -> Self {
        self.bundled_roots = true;
        self
    }

    /// The transport.
    #[must_use]
    pub fn build(self) -> HyperTransport {
        HyperTransport::from_builder(self)
    }

    pub(crate) fn env_or_default(&self) -> Arc<dyn Env> {
        self.env
            .clone()
            .unwrap_or_else(|| Arc::new(HashMap::<String, String>::new()))
    }

    pub(crate) fn clock_or_default(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(TokioClock::new()))
    }

    pub(crate) fn resolver_or_default(&self) -> Arc<dyn Resolver> {
        self.resolver
            .clone()
            .unwrap_or_else(|| Arc::new(SystemResolver::new()))
    }
}

impl fmt::Debug for HyperTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the environment: it may hold secrets of other programs.
        f.debug_struct("HyperTransportBuilder")
            .field("proxy", &self.proxy)
            .field("extra_roots", &self.extra_roots.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_roots_are_checked_at_once() {
        for bad in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA",
        ] {
            let error = HyperTransport::builder().extra_root_pem(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_neither_environment_nor_credentials() {
        let env = HashMap::from([("SECRET".to_owned(), "CNRY".to_owned())]);
        let proxy = ProxyConfig::new("http://CNRYuser:CNRYpass@proxy.test").unwrap();
        let builder = HyperTransport::builder().env(Arc::new(env)).proxy(proxy);
        assert!(!format!("{builder:?}").contains("CNRY"));
        assert!(!format!("{:?}", builder.build()).contains("CNRY"));
    }
}
