//! The address of a metadata endpoint, as an environment variable names it.

use std::fmt;

use form_urlencoded::byte_serialize;
use http::Uri;
use http::uri::Scheme;
use identity_base::{Error, ErrorKind};

/// An absolute http or https URL without user information and fragment, checked.
///
/// Where plain http may go is not decided here but on the address that is connected to, by the connect policy of the request.
#[derive(Clone)]
pub(crate) struct Endpoint {
    uri: Uri,
    /// What it came from, for messages.
    origin: &'static str,
}

impl Endpoint {
    /// Checks the value of the variable `origin`.
    pub(crate) fn parse(origin: &'static str, value: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            // The value isn't shown: a URL with user information holds a secret.
            Error::new(ErrorKind::InvalidConfiguration, format!("{origin} {why}")).with_hint(format!(
                "the host sets {origin}; unset it where it was set by hand"
            ))
        };
        if value.contains('#') {
            return Err(wrong("has a fragment"));
        }
        let uri: Uri = value.trim().parse().map_err(|_| wrong("is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("is not an http or https URL"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("has user information"));
        }
        if authority.host().is_empty() || authority.host() == "[]" {
            return Err(wrong("has no host"));
        }
        // `http` accepts `host:` and `host:99999`; a connection would fail late and unclearly.
        if authority.as_str().len() != authority.host().len()
            && authority.port_u16().is_none_or(|port| port == 0)
        {
            return Err(wrong("has no valid port"));
        }
        Ok(Self { uri, origin })
    }

    /// The host in lower case, without brackets.
    pub(crate) fn host(&self) -> String {
        let host = self.uri.host().unwrap_or_default();
        host.trim_start_matches('[')
            .trim_end_matches(']')
            .to_ascii_lowercase()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Whether the host is this machine: `localhost` or a loopback address.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host();
        host == "localhost"
            || host
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.to_canonical().is_loopback())
    }

    /// The same endpoint with `path` behind its own.
    pub(crate) fn join(&self, path: &str) -> Result<Self, Error> {
        let text = self.uri.to_string();
        Self::parse(
            self.origin,
            &format!("{}/{}", text.trim_end_matches('/'), path.trim_start_matches('/')),
        )
    }

    /// The URL itself.
    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The URL with `parameters` added to its query. A query that is there is kept.
    pub(crate) fn with_query(&self, parameters: &[(&str, &str)]) -> Result<Uri, Error> {
        let mut text = self.uri.to_string();
        for (name, value) in parameters {
            text.push_str(match text.contains('?') {
                false => "?",
                true if text.ends_with(['?', '&']) => "",
                true => "&",
            });
            text.extend(byte_serialize(name.as_bytes()));
            text.push('=');
            text.extend(byte_serialize(value.as_bytes()));
        }
        text.parse().map_err(|_| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                format!(
                    "the request to the endpoint of {} is too long for a URL",
                    self.origin
                ),
            )
        })
    }
}

/// Without the query, in which a host might keep a secret.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("from", &self.origin)
            .field("host", &self.uri.host())
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_urls_are_endpoints() {
        for good in [
            "http://127.0.0.1:40342/metadata/identity/oauth2/token",
            "https://localhost:2377/metadata/identity/oauth2/token?x=1",
            "http://[::1]:80/a",
            "HTTP://LocalHost/a",
            " http://localhost ",
        ] {
            assert!(Endpoint::parse("IDENTITY_ENDPOINT", good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", "is not a URL"),
            ("localhost:40342/a", "is not a"),
            ("/msi/token", "is not an http or https URL"),
            ("ftp://localhost/a", "is not an http or https URL"),
            ("file:///etc/passwd", "is not"),
            ("http://user:CNRYCNRY@localhost/a", "has user information"),
            ("http://CNRYCNRY@localhost/a", "has user information"),
            ("http://localhost/a#b", "has a fragment"),
            ("http://localhost:0/a", "has no valid port"),
            ("http://localhost:99999/a", ""),
            ("http://localhost:/a", ""),
            ("http:///a", ""),
            ("http://[]/a", ""),
            ("http://a b/", "is not a URL"),
            ("http://a\r\nX: y/", "is not a URL"),
        ] {
            let error = Endpoint::parse("IDENTITY_ENDPOINT", bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad}");
            assert!(
                error.message().starts_with("IDENTITY_ENDPOINT") && error.message().contains(why),
                "{bad}: {error}"
            );
            assert!(!format!("{error} {error:?}").contains("CNRY"));
        }
    }

    #[test]
    fn parameters_are_encoded_behind_a_query_that_is_there() {
        let query = |url: &str| {
            let endpoint = Endpoint::parse("MSI_ENDPOINT", url).unwrap();
            endpoint
                .with_query(&[("api-version", "1"), ("resource", "https://a/b&c=d ü")])
                .unwrap()
                .to_string()
        };
        let added = "api-version=1&resource=https%3A%2F%2Fa%2Fb%26c%3Dd+%C3%BC";
        assert_eq!(query("http://localhost/t"), format!("http://localhost/t?{added}"));
        assert_eq!(query("http://localhost"), format!("http://localhost/?{added}"));
        assert_eq!(
            query("http://localhost/t?"),
            format!("http://localhost/t?{added}")
        );
        assert_eq!(
            query("http://localhost/t?x=1"),
            format!("http://localhost/t?x=1&{added}")
        );
        assert_eq!(
            query("http://localhost/t?x=1&"),
            format!("http://localhost/t?x=1&{added}")
        );
        assert!(
            !format!(
                "{:?}",
                Endpoint::parse("MSI_ENDPOINT", "http://h/t?CNRY=1").unwrap()
            )
            .contains("CNRY")
        );
    }

    #[test]
    fn this_machine_is_told_from_others() {
        let loopback = |url: &str| Endpoint::parse("IDENTITY_ENDPOINT", url).unwrap().is_loopback();
        for here in [
            "http://localhost/",
            "http://LOCALHOST:1/",
            "http://127.0.0.1/",
            "http://127.9.9.9/",
            "http://[::1]:5/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(loopback(here), "{here}");
        }
        for there in [
            "http://169.254.169.254/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://10.0.0.1/",
            "http://[::]/",
        ] {
            assert!(!loopback(there), "{there}");
        }
    }

    #[test]
    fn a_path_is_joined_with_one_slash() {
        for host in [
            "http://pod.local:5000",
            "http://pod.local:5000/",
            "http://pod.local:5000//",
        ] {
            let joined = Endpoint::parse("A", host).unwrap().join("/metadata/x").unwrap();
            assert_eq!(joined.uri().to_string(), "http://pod.local:5000/metadata/x");
        }
    }
}
