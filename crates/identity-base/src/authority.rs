//! Where tokens come from: the authority host and its cloud.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::Uri;

use crate::{Error, ErrorKind, Foreign, TenantId};

/// The origin (and optional path prefix) of an identity service, always https.
///
/// ```
/// use identity_base::{Authority, Cloud};
/// assert_eq!(Authority::default().host(), "login.microsoftonline.com");
/// assert_eq!(Authority::parse("login.microsoftonline.us")?.cloud(), Cloud::UsGovernment);
/// assert_eq!(Authority::parse("https://localhost:8443/")?.as_str(), "https://localhost:8443");
/// assert!(Authority::parse("http://login.microsoftonline.com").is_err());
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Authority(Arc<str>);

/// The cloud that an authority belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cloud {
    /// The public Azure cloud.
    Public,
    /// Azure Government (United States).
    UsGovernment,
    /// Azure operated by 21Vianet (China).
    China,
    /// The closed Azure Germany; its host still resolves.
    GermanyLegacy,
    /// The sovereign cloud of France (`login.sovcloud-identity.fr`).
    France,
    /// The sovereign cloud of Germany (`login.sovcloud-identity.de`).
    Germany,
    /// The sovereign cloud of Singapore (`login.sovcloud-identity.sg`).
    Singapore,
    /// A host that is not in the table: a private cloud, ADFS, a stand-in for tests.
    Custom,
}

/// Hosts that are known to be Entra's, with their clouds; the same list as MSAL's. The first of a cloud is its usual host.
const KNOWN_HOSTS: &[(&str, Cloud)] = &[
    ("login.microsoftonline.com", Cloud::Public),
    ("login.microsoft.com", Cloud::Public),
    ("login.windows.net", Cloud::Public),
    ("sts.windows.net", Cloud::Public),
    ("login.microsoftonline.us", Cloud::UsGovernment),
    ("login-us.microsoftonline.com", Cloud::UsGovernment),
    ("login.usgovcloudapi.net", Cloud::UsGovernment),
    ("login.chinacloudapi.cn", Cloud::China),
    ("login.partner.microsoftonline.cn", Cloud::China),
    ("login.microsoftonline.de", Cloud::GermanyLegacy),
    ("login.sovcloud-identity.fr", Cloud::France),
    ("login.sovcloud-identity.de", Cloud::Germany),
    ("login.sovcloud-identity.sg", Cloud::Singapore),
];

impl Authority {
    /// The public cloud, `https://login.microsoftonline.com`.
    #[must_use]
    pub fn public() -> Self {
        Self("https://login.microsoftonline.com".into())
    }

    /// Azure Government, `https://login.microsoftonline.us`.
    #[must_use]
    pub fn us_government() -> Self {
        Self("https://login.microsoftonline.us".into())
    }

    /// Azure in China, `https://login.chinacloudapi.cn`.
    #[must_use]
    pub fn china() -> Self {
        Self("https://login.chinacloudapi.cn".into())
    }

    /// Reads a host, `host:port` or `https` URL, optionally with a path prefix. Surrounding spaces and trailing slashes are dropped.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for anything else: another scheme, user info, a query, a fragment, characters outside ASCII, an empty host.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim_matches(' ').trim_end_matches(['/', ' ']);
        let url = match trimmed.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => trimmed.to_owned(),
            Some(_) => return Err(invalid(text, "only https is allowed")),
            None => format!("https://{trimmed}"),
        };
        if !url.is_ascii() || url.contains(['?', '#', '@', '\\', '%', ' ']) {
            return Err(invalid(
                text,
                "user info, query, fragment and escapes are not allowed",
            ));
        }
        let uri: Uri = url.parse().map_err(|_| invalid(text, "it is not a URL"))?;
        let host = uri.host().unwrap_or_default();
        let host_is_plain = !host.is_empty()
            && !host.ends_with('.')
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'[' | b']'));
        if !host_is_plain {
            return Err(invalid(text, "the host is missing or malformed"));
        }
        // The URL parser takes a malformed port for none.
        let port = match uri
            .authority()
            .and_then(|authority| authority.as_str().strip_prefix(host))
        {
            Some("") => None,
            Some(port) => match port
                .strip_prefix(':')
                .and_then(|digits| digits.parse::<u16>().ok())
            {
                Some(port) if port != 0 => Some(port),
                _ => return Err(invalid(text, "the port is malformed")),
            },
            None => return Err(invalid(text, "the host is malformed")),
        };
        let path = uri.path().trim_end_matches('/');
        if path
            .split('/')
            .skip(1)
            .any(|segment| segment.is_empty() || segment == "." || segment == "..")
        {
            return Err(invalid(text, "the path has empty or relative segments"));
        }
        let origin = match port {
            None | Some(443) => host.to_ascii_lowercase(),
            Some(port) => format!("{}:{port}", host.to_ascii_lowercase()),
        };
        Ok(Self(format!("https://{origin}{path}").into()))
    }

    /// The authority as a URL without a trailing slash, for example `https://login.microsoftonline.com`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without a port, lower case. An IPv6 address keeps its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let origin = self.origin();
        match origin.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => origin,
        }
    }

    /// `host` or `host:port`.
    #[must_use]
    pub fn origin(&self) -> &str {
        let rest = self.0.strip_prefix("https://").unwrap_or(&self.0);
        rest.split_once('/').map_or(rest, |(origin, _)| origin)
    }

    /// The cloud that the host belongs to, by equality with the table of known hosts.
    #[must_use]
    pub fn cloud(&self) -> Cloud {
        KNOWN_HOSTS
            .iter()
            .find(|(host, _)| *host == self.origin())
            .map_or(Cloud::Custom, |(_, cloud)| *cloud)
    }

    /// Whether the host is in the built-in table, so that no instance discovery is needed to trust it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.cloud() != Cloud::Custom
    }

    /// The tenant's token endpoint, `{authority}/{tenant}/oauth2/v2.0/token`.
    ///
    /// For `adfs` the path is the same, as in Python's azure-identity.
    #[must_use]
    pub fn token_endpoint(&self, tenant: &TenantId) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.0)
    }
}

fn invalid(text: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfiguration,
        format!("{} is not an authority: {why}", Foreign::url(text, 120)),
    )
    .with_hint("an authority is a host such as login.microsoftonline.com, or an https URL")
}

impl Default for Authority {
    /// The public cloud. The environment variable `AZURE_AUTHORITY_HOST` is applied by the credentials' builders, not here.
    fn default() -> Self {
        Self::public()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authority").field(&self.0).finish()
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Authority {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_urls_ports_and_paths_are_normalised() {
        for (input, url, host) in [
            (
                "login.microsoftonline.com",
                "https://login.microsoftonline.com",
                "login.microsoftonline.com",
            ),
            (
                " https://LOGIN.microsoftonline.US/ ",
                "https://login.microsoftonline.us",
                "login.microsoftonline.us",
            ),
            ("localhost:8443", "https://localhost:8443", "localhost"),
            ("https://localhost:443", "https://localhost", "localhost"),
            (
                "https://127.0.0.1:1/prefix/x/",
                "https://127.0.0.1:1/prefix/x",
                "127.0.0.1",
            ),
            ("https://[::1]:8443", "https://[::1]:8443", "[::1]"),
            ("https://[::1]", "https://[::1]", "[::1]"),
            ("HTTPS://a.b", "https://a.b", "a.b"),
        ] {
            let authority = Authority::parse(input).unwrap();
            assert_eq!((authority.as_str(), authority.host()), (url, host), "{input:?}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            "",
            " ",
            "/",
            "http://login.microsoftonline.com",
            "ftp://x",
            "https://",
            "https://user@host",
            "https://host?x=1",
            "https://host#f",
            "https://evil.test#login.microsoftonline.com",
            "https://h\u{f6}st",
            "https://ho st",
            "https://host:0",
            "https://host:99999",
            "https://host:",
            "https://host/../x",
            "https://host//x",
            "https://host\\x",
            "https://host.",
            "https://ho%73t",
            "javascript://x",
            "a\nb",
        ] {
            assert_eq!(
                Authority::parse(bad).unwrap_err().kind(),
                ErrorKind::InvalidConfiguration,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        for bad in [
            "https://user:CNRYPASS@host",
            "user:CNRYPASS@host",
            "http://user:CNRYPASS@host",
        ] {
            let error = Authority::parse(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("CNRY"), "{error}");
        }
    }

    #[test]
    fn a_cloud_is_known_by_host_equality_alone() {
        let cloud = |text: &str| Authority::parse(text).unwrap().cloud();
        assert_eq!(cloud("login.microsoftonline.com"), Cloud::Public);
        assert_eq!(cloud("login.chinacloudapi.cn"), Cloud::China);
        assert_eq!(cloud("login.sovcloud-identity.fr"), Cloud::France);
        assert_eq!(cloud("login.microsoftonline.com.evil.test"), Cloud::Custom);
        assert_eq!(cloud("evil-login.microsoftonline.com"), Cloud::Custom);
        assert_eq!(
            cloud("login.microsoftonline.com:3001"),
            Cloud::Custom,
            "another port is another server"
        );
    }

    #[test]
    fn the_token_endpoint_follows_a_path_prefix() {
        let tenant = TenantId::parse("t").unwrap();
        assert_eq!(
            Authority::public().token_endpoint(&tenant),
            "https://login.microsoftonline.com/t/oauth2/v2.0/token"
        );
        assert_eq!(
            Authority::parse("https://h/p").unwrap().token_endpoint(&tenant),
            "https://h/p/t/oauth2/v2.0/token"
        );
    }
}
