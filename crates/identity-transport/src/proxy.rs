//! Proxies: which one, and for whom not.

mod bypass;
mod server;

use std::fmt;

use identity_base::seam::{ConnectPolicy, Env};
use identity_base::{Error, ErrorKind, Secret};
use zeroize::Zeroizing;

use crate::target::Target;
use bypass::Bypass;
pub(crate) use server::{ProxyScheme, ProxyServer};

/// Which proxy to use for https, if any.
///
/// A proxy is `[scheme://][user[:password]@]host[:port]`. The scheme is `http` (the default), `https` (TLS to the proxy too), or `socks5` (also
/// `socks5h`; the proxy looks the names up); the port is 80, 443 or 1080 by default. User and password are percent-decoded and sent
/// to the proxy alone: in `Proxy-Authorization: Basic` of the CONNECT request, or in the SOCKS handshake. `Debug` doesn't show them.
///
/// Requests that must not use a proxy, those of metadata endpoints, never do, and neither does plain http.
#[derive(Clone, Default)]
pub struct ProxyConfig {
    server: Option<ProxyServer>,
    bypass: Bypass,
}

impl ProxyConfig {
    /// No proxy, whatever the environment says.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The proxy at `url`.
    ///
    /// ```
    /// use identity_transport::ProxyConfig;
    /// let proxy = ProxyConfig::new("http://build:p%40ss@proxy.contoso.com:3128")?;
    /// assert!(!format!("{proxy:?}").contains("p@ss"));
    /// # Ok::<(), identity_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] if it can't be understood. The message doesn't repeat it.
    pub fn new(url: &str) -> Result<Self, Error> {
        let server = ProxyServer::parse(url)
            .map_err(|problem| invalid(format!("the proxy's URL can't be used: {problem}")))?;
        Ok(Self {
            server: Some(server),
            bypass: Bypass::default(),
        })
    }

    /// Sets user and password, unescaped, in place of those in the URL.
    #[must_use]
    pub fn credentials(mut self, user: &str, password: &Secret) -> Self {
        if let Some(server) = &mut self.server {
            server.set_credentials(user, password.expose());
        }
        self
    }

    /// Sets whom to ask directly: a list as in `NO_PROXY`, separated by commas or spaces.
    ///
    /// `contoso.com`, `.contoso.com` and `*.contoso.com` stand for that name and all below it, `10.0.0.0/8` and `fd00::/8` for addresses in
    /// the URL (names are not looked up for this), `10.1.2.3` and `[::1]` for one address, and `*` for everybody. A port may follow: `contoso.com:8443`. Entries that make no sense
    /// are passed over.
    #[must_use]
    pub fn bypass(mut self, list: &str) -> Self {
        self.bypass = Bypass::parse(list);
        self
    }

    /// What the environment says: see the [crate's documentation](crate#environment-variables).
    ///
    /// # Errors
    /// As [`ProxyConfig::new`], naming the variable.
    pub fn from_env(env: &dyn Env) -> Result<Self, Error> {
        // In a CGI program `HTTP_PROXY` is a client's `Proxy` header; keep away from the whole family there.
        if env.raw("REQUEST_METHOD").is_some() {
            return Ok(Self::none());
        }
        let first = |names: [&'static str; 2]| {
            names
                .into_iter()
                .find_map(|name| Some((name, Zeroizing::new(env.var(name)?))))
        };
        let Some((name, url)) = first(["https_proxy", "HTTPS_PROXY"]) else {
            return Ok(Self::none());
        };
        let server = ProxyServer::parse(&url)
            .map_err(|problem| invalid(format!("the proxy in {name} can't be used: {problem}")))?;
        let bypass = first(["no_proxy", "NO_PROXY"]).map(|(_, list)| Bypass::parse(&list));
        Ok(Self {
            server: Some(server),
            bypass: bypass.unwrap_or_default(),
        })
    }

    /// The proxy for a request, `None` to ask directly.
    pub(crate) fn server_for(&self, target: &Target, policy: &ConnectPolicy) -> Option<&ProxyServer> {
        // Plain http goes to addresses that have to be checked, which can't be done from this side of a proxy.
        let direct = policy.no_proxy || !target.tls || self.bypass.matches(&target.host, target.port);
        self.server.as_ref().filter(|_| !direct)
    }
}

impl fmt::Debug for ProxyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyConfig")
            .field("server", &self.server)
            .field("bypass", &self.bypass)
            .finish()
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfiguration, message)
        .with_hint("a proxy looks like http://user:password@proxy.contoso.com:3128")
}

#[cfg(test)]
mod tests;
