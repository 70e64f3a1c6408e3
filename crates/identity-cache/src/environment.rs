//! The host that issued a token, as the document names it.

use std::fmt;
use std::net::Ipv6Addr;

use identity_base::{Authority, Cloud};

/// The host whose tokens are meant, without a port and in lower case, as the document's member `environment` has it.
///
/// The hosts of one cloud are the same environment: a token that was cached under `login.windows.net` is found for
/// `login.microsoftonline.com`. Hosts that aren't in the built-in table are compared by their name alone.
///
/// ```
/// use identity_base::Authority;
/// use identity_cache::Environment;
/// let environment = Environment::of(&Authority::public());
/// assert_eq!(environment.as_str(), "login.microsoftonline.com");
/// assert!(environment.matches("login.windows.net"));
/// assert!(!environment.matches("login.microsoftonline.us"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Environment {
    host: String,
    cloud: Cloud,
}

impl Environment {
    /// The environment of an authority.
    #[must_use]
    pub fn of(authority: &Authority) -> Self {
        Self::of_host(authority.host())
    }

    fn of_host(host: &str) -> Self {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let cloud = cloud_of(&host);
        Self { host, cloud }
    }

    /// The host's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.host
    }

    /// Whether an entry of `environment` is meant: the same host, or another one of the same known cloud.
    #[must_use]
    pub fn matches(&self, environment: &str) -> bool {
        self.host.eq_ignore_ascii_case(environment)
            || (self.cloud != Cloud::Custom && cloud_of(environment) == self.cloud)
    }
}

/// The cloud of a bare host, by equality with the table of known hosts.
fn cloud_of(host: &str) -> Cloud {
    if host.parse::<Ipv6Addr>().is_ok() {
        return Cloud::Custom;
    }
    match Authority::parse(host) {
        // An entry is a bare host; anything that had to be cut off is not one of ours.
        Ok(authority) if authority.origin().eq_ignore_ascii_case(host) => authority.cloud(),
        _ => Cloud::Custom,
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Environment").field(&self.host).finish()
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(authority: &str) -> Environment {
        Environment::of(&Authority::parse(authority).unwrap())
    }

    #[test]
    fn hosts_of_one_cloud_are_one_environment() {
        for (one, other) in [
            ("login.microsoftonline.com", "login.windows.net"),
            ("sts.windows.net", "login.microsoft.com"),
            ("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
            ("login.microsoftonline.us", "login.usgovcloudapi.net"),
        ] {
            assert!(of(one).matches(other) && of(other).matches(one), "{one}");
            assert!(of(one).matches(&one.to_ascii_uppercase()));
        }
    }

    #[test]
    fn other_hosts_are_compared_by_name() {
        let own = of("https://Identity.contoso.test:8443/prefix");
        assert_eq!(own.as_str(), "identity.contoso.test");
        assert!(own.matches("identity.contoso.test"));
        for other in [
            "",
            "other.contoso.test",
            "login.microsoftonline.com",
            "https://identity.contoso.test",
        ] {
            assert!(!own.matches(other), "{other}");
        }
        let public = of("login.microsoftonline.com");
        for other in [
            "login.microsoftonline.us",
            "login.microsoftonline.com.evil.test",
            "https://login.windows.net",
            " login.windows.net",
            "login.windows.net/",
        ] {
            assert!(!public.matches(other), "{other}");
        }
        assert_eq!(of("https://[::1]:1").as_str(), "::1");
        assert!(of("https://[::1]:1").matches("::1"));
    }
}
