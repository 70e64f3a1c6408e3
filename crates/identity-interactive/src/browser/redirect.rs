//! Where the browser comes back to.

use http::Uri;
use identity_base::{Error, ErrorKind, Foreign};

/// A redirect URI on the loopback interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) host: Host,
    /// A free one if not given.
    pub(super) port: Option<u16>,
    /// As it was given: empty, or beginning with a slash.
    path: String,
}

/// The hosts that are this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// Both families.
    Localhost,
    V4,
    V6,
}

impl Host {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Localhost => "localhost",
            Self::V4 => "127.0.0.1",
            Self::V6 => "[::1]",
        }
    }
}

impl Redirect {
    /// Reads a redirect URI; none is `http://localhost`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for anything that can't be listened to here.
    pub(super) fn parse(uri: Option<&str>) -> Result<Self, Error> {
        let Some(text) = uri else {
            return Ok(Self {
                host: Host::Localhost,
                port: None,
                path: String::new(),
            });
        };
        let invalid = |why: &str| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                format!(
                    "the redirect URI {} can't be used: {why}",
                    Foreign::quoted(text, 120)
                ),
            )
            .with_hint("use `http://localhost`, with a port and a path if they are fixed")
        };
        let is_plain = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'.' | b'-' | b'_' | b'~' | b'[' | b']')
        };
        if !text.bytes().all(is_plain) {
            return Err(invalid("it has other characters than those of a plain address"));
        }
        let uri: Uri = text.parse().map_err(|_| invalid("it is not a URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(invalid("only http is listened to, on this machine alone"));
        }
        let host = match uri.host().unwrap_or_default() {
            name if name.eq_ignore_ascii_case("localhost") => Host::Localhost,
            "127.0.0.1" => Host::V4,
            "[::1]" => Host::V6,
            _ => return Err(invalid("its host is not this machine")),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let port = match authority.get(uri.host().unwrap_or_default().len()..) {
            None | Some("") => None,
            Some(port) => match port.strip_prefix(':').and_then(|port| port.parse().ok()) {
                Some(port) if port != 0 => Some(port),
                _ => return Err(invalid("its port is malformed")),
            },
        };
        let path = match text
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)))
        {
            Some(path) if path.split('/').any(|segment| matches!(segment, "." | "..")) => {
                return Err(invalid("its path is relative"));
            }
            path => path.unwrap_or_default().to_owned(),
        };
        Ok(Self { host, port, path })
    }

    /// The URI for a port: the same for the browser and for the redemption.
    pub(super) fn uri(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host.as_str(), self.path)
    }

    /// The path that the browser asks for.
    pub(super) fn path(&self) -> &str {
        match self.path.as_str() {
            "" => "/",
            path => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_kept() {
        for (given, uri, path) in [
            (None, "http://localhost:7", "/"),
            (Some("http://localhost"), "http://localhost:7", "/"),
            (Some("http://LOCALHOST/"), "http://localhost:7/", "/"),
            (
                Some("http://127.0.0.1:8400/signed-in/"),
                "http://127.0.0.1:7/signed-in/",
                "/signed-in/",
            ),
            (
                Some("http://[::1]:8400/a.b_c~d"),
                "http://[::1]:7/a.b_c~d",
                "/a.b_c~d",
            ),
        ] {
            let redirect = Redirect::parse(given).unwrap();
            assert_eq!(
                (redirect.uri(7).as_str(), redirect.path()),
                (uri, path),
                "{given:?}"
            );
        }
        assert_eq!(
            Redirect::parse(Some("http://localhost:8400")).unwrap().port,
            Some(8400)
        );
        assert_eq!(Redirect::parse(Some("http://localhost")).unwrap().port, None);
    }

    #[test]
    fn what_can_not_be_listened_to_is_refused() {
        for bad in [
            "",
            "localhost",
            "localhost:8400",
            "https://localhost:8400",
            "http://example.com:8400",
            "http://localhost.evil.test",
            "http://user@localhost",
            "http://localhost:0",
            "http://localhost:99999",
            "http://localhost:x",
            "http://localhost:1/a?b=c",
            "http://localhost:1/#f",
            "http://localhost:1/../x",
            "http://localhost:1/%2e",
            "http://0.0.0.0:1",
            "http://127.0.0.2:1",
            "http://localhost:1/\r\nX: y",
            "urn:ietf:wg:oauth:2.0:oob",
        ] {
            let error = Redirect::parse(Some(bad)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad:?}");
        }
    }
}
