//! To whom a request may connect, and how.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// To whom a request may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConnectPolicy {
    /// Never through a proxy: metadata endpoints. Default: a configured proxy is used.
    pub no_proxy: bool,
    /// Which addresses may be connected to, checked on the address itself and on every one that the name resolves to.
    pub addresses: AddressRule,
    /// How the server proves who it is.
    pub server: ServerIdentity,
}

impl ConnectPolicy {
    /// For services on the internet: https, a proxy is fine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For metadata endpoints: no proxy, and plain http to local addresses only.
    #[must_use]
    pub fn metadata() -> Self {
        Self {
            no_proxy: true,
            addresses: AddressRule::PlainHttpToLocal,
            server: ServerIdentity::PublicRoots,
        }
    }

    /// Sets how the server proves who it is.
    #[must_use]
    pub fn server(mut self, server: ServerIdentity) -> Self {
        self.server = server;
        self
    }
}

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressRule {
    /// https to any address; plain http to none.
    #[default]
    HttpsOnly,
    /// https to any address; plain http to loopback, link-local and the documented platform addresses only, when **all** resolved addresses are such.
    PlainHttpToLocal,
}

impl AddressRule {
    /// Whether a connection may go to `address`, over TLS or not.
    ///
    /// ```
    /// use identity_base::seam::AddressRule;
    /// assert!(AddressRule::PlainHttpToLocal.allows("169.254.169.254".parse().unwrap(), false));
    /// assert!(!AddressRule::PlainHttpToLocal.allows("8.8.8.8".parse().unwrap(), false));
    /// assert!(!AddressRule::HttpsOnly.allows("127.0.0.1".parse().unwrap(), false));
    /// ```
    #[must_use]
    pub fn allows(self, address: IpAddr, tls: bool) -> bool {
        match self {
            Self::HttpsOnly => tls,
            Self::PlainHttpToLocal => tls || is_local(address.to_canonical()),
        }
    }
}

/// Loopback, link-local (IMDS is 169.254.169.254, App Service in containers 169.254.x.y), Azure's platform address 168.63.129.16, and unique local IPv6.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.octets() == [168, 63, 129, 16],
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unique_local(),
    }
}

/// How a server proves who it is.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerIdentity {
    /// By a certificate of the platform's roots, and any extra roots of the transport.
    #[default]
    PublicRoots,
    /// By a certificate of exactly these roots (PEM), for a server name that may differ from the URL's host.
    Roots {
        /// The roots, as PEM.
        pem: Arc<[u8]>,
        /// The server name for SNI and verification; the URL's host if `None`.
        server_name: Option<Arc<str>>,
    },
    /// By exactly the certificate with this SHA-1 thumbprint (Service Fabric): 20 bytes.
    Thumbprint([u8; 20]),
}

impl fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublicRoots => f.write_str("PublicRoots"),
            Self::Roots { server_name, .. } => f
                .debug_struct("Roots")
                .field("server_name", server_name)
                .finish_non_exhaustive(),
            Self::Thumbprint(_) => f.write_str("Thumbprint"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_local_addresses_only() {
        let allows = |address: &str| AddressRule::PlainHttpToLocal.allows(address.parse().unwrap(), false);
        for local in [
            "127.0.0.1",
            "127.8.9.1",
            "::1",
            "169.254.169.254",
            "168.63.129.16",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(allows(local), "{local}");
        }
        for public in [
            "8.8.8.8",
            "10.0.0.1",
            "192.168.1.1",
            "0.0.0.0",
            "2001:db8::1",
            "::ffff:8.8.8.8",
            "168.63.129.17",
            "::",
        ] {
            assert!(!allows(public), "{public}");
            assert!(AddressRule::HttpsOnly.allows(public.parse().unwrap(), true));
        }
    }
}
