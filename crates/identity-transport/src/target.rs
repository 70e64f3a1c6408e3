//! Where a request goes, read from its URL.

use std::net::{IpAddr, Ipv4Addr};

use http::Uri;
use http::uri::PathAndQuery;
use identity_base::seam::{AddressRule, HttpError, HttpErrorKind};

/// The checked parts of an absolute URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Whether the scheme is https.
    pub(crate) tls: bool,
    /// The host in lower case, an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What the `Host` header says: the port is left out if it is the scheme's own.
    pub(crate) authority: String,
    pub(crate) path: PathAndQuery,
}

impl Target {
    /// Reads `uri`.
    ///
    /// # Errors
    /// [`HttpErrorKind::Protocol`] for anything but an absolute http or https URL without user information.
    pub(crate) fn parse(uri: &Uri) -> Result<Self, HttpError> {
        let refuse = |message| Err(HttpError::before_sending(HttpErrorKind::Protocol, message));
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return refuse("the URL's scheme is neither https nor http"),
            None => return refuse("the URL is not absolute"),
        };
        let Some(authority) = uri.authority() else {
            return refuse("the URL has no host");
        };
        if authority.as_str().contains('@') {
            return refuse("the URL holds user information, which is not allowed");
        }
        let bare = authority.host().to_ascii_lowercase();
        let host = match bare.strip_prefix('[') {
            Some(address) => address.strip_suffix(']').unwrap_or(address),
            None => bare.as_str(),
        };
        if host.is_empty() {
            return refuse("the URL has no host");
        }
        // A port that is no number, or too large a one, is not the same as none.
        let rest = authority
            .as_str()
            .get(authority.host().len()..)
            .unwrap_or_default();
        if !matches!(rest, "" | ":") && authority.port_u16().is_none() {
            return refuse("the URL's port is not a port number");
        }
        let default_port = if tls { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(default_port);
        Ok(Self {
            tls,
            port,
            authority: if port == default_port {
                bare.clone()
            } else {
                format!("{bare}:{port}")
            },
            path: uri
                .path_and_query()
                .cloned()
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
            host: host.to_owned(),
        })
    }

    /// Refuses what no address can make right, before any name is looked up.
    pub(crate) fn check_rule(&self, rule: AddressRule) -> Result<(), HttpError> {
        let possible = rule.allows(IpAddr::V4(Ipv4Addr::LOCALHOST), self.tls);
        possible.then_some(()).ok_or_else(|| {
            HttpError::before_sending(
                HttpErrorKind::AddressRefused,
                "plain http is not allowed here; use an https URL",
            )
        })
    }

    /// Refuses the request if the rule forbids any of `addresses`.
    pub(crate) fn check_addresses(
        &self,
        rule: AddressRule,
        mut addresses: impl Iterator<Item = IpAddr>,
    ) -> Result<(), HttpError> {
        match addresses.find(|address| !rule.allows(*address, self.tls)) {
            None => Ok(()),
            Some(address) => Err(HttpError::before_sending(
                HttpErrorKind::AddressRefused,
                format!(
                    "plain http is allowed to this machine and its platform only, not to {address}; use an https URL"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(uri: &str) -> Result<Target, HttpError> {
        Target::parse(&uri.parse::<Uri>().unwrap())
    }

    #[test]
    fn urls_are_taken_apart() {
        for (uri, tls, host, port, authority, path) in [
            (
                "https://Login.Test/a?b=c",
                true,
                "login.test",
                443,
                "login.test",
                "/a?b=c",
            ),
            (
                "https://login.test:8443",
                true,
                "login.test",
                8443,
                "login.test:8443",
                "/",
            ),
            (
                "https://login.test:443/x",
                true,
                "login.test",
                443,
                "login.test",
                "/x",
            ),
            (
                "http://127.0.0.1:40342/m",
                false,
                "127.0.0.1",
                40342,
                "127.0.0.1:40342",
                "/m",
            ),
            ("http://[::1]/m", false, "::1", 80, "[::1]", "/m"),
            ("http://[FE80::1]:81/", false, "fe80::1", 81, "[fe80::1]:81", "/"),
        ] {
            let target = parse(uri).unwrap();
            assert_eq!(
                (
                    target.tls,
                    target.host.as_str(),
                    target.port,
                    target.authority.as_str(),
                    target.path.as_str()
                ),
                (tls, host, port, authority, path),
                "{uri}"
            );
        }
    }

    #[test]
    fn other_urls_are_refused_before_anything_is_sent() {
        for uri in [
            "ftp://h/",
            "/relative",
            "https://user:CNRY@h/",
            "https://user@h/",
            "h:443",
            "https://h:70000/",
        ] {
            let Ok(uri) = uri.parse::<Uri>() else { continue };
            let error = Target::parse(&uri).unwrap_err();
            assert_eq!(
                (error.kind, error.request_sent),
                (HttpErrorKind::Protocol, false),
                "{uri}"
            );
            assert!(!format!("{error} {error:?}").contains("CNRY"));
        }
    }

    #[test]
    fn all_addresses_have_to_pass() {
        let target = parse("http://metadata.test/").unwrap();
        let addresses = |list: &[&str]| -> Vec<IpAddr> { list.iter().map(|a| a.parse().unwrap()).collect() };
        let check = |list: &[&str]| {
            target.check_addresses(AddressRule::PlainHttpToLocal, addresses(list).into_iter())
        };
        assert!(check(&["127.0.0.1", "169.254.169.254", "::1"]).is_ok());
        for mixed in [
            &["127.0.0.1", "8.8.8.8"][..],
            &["8.8.8.8"],
            &["::1", "2001:db8::1"],
        ] {
            assert_eq!(check(mixed).unwrap_err().kind, HttpErrorKind::AddressRefused);
        }
        assert!(target.check_rule(AddressRule::PlainHttpToLocal).is_ok());
        assert_eq!(
            target.check_rule(AddressRule::HttpsOnly).unwrap_err().kind,
            HttpErrorKind::AddressRefused
        );
        let secure = parse("https://login.test/").unwrap();
        assert!(secure.check_rule(AddressRule::HttpsOnly).is_ok());
        assert!(
            secure
                .check_addresses(AddressRule::HttpsOnly, addresses(&["8.8.8.8"]).into_iter())
                .is_ok()
        );
    }
}
