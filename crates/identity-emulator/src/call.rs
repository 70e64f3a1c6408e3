//! One request, parsed once, as routes, faults and the journal see it.

use std::borrow::Cow;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hyper::http::request::Parts;

use crate::routes::{Found, Route};
use crate::world::World;

/// Which of the emulator's ports a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listener {
    /// The TLS port, where Entra is.
    Tls,
    /// The plain HTTP port, where the administration is.
    Plain,
}

/// A request with its target, form and route taken apart.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) listener: Listener,
    pub(crate) connection: u64,
    pub(crate) http_version: &'static str,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) body: Bytes,
    pub(crate) route: Route,
    method: String,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    captures: Vec<(&'static str, String)>,
    host: Option<String>,
    basic: Option<(String, String)>,
    correlation: OnceLock<String>,
}

impl Call {
    pub(crate) fn new(
        listener: Listener,
        connection: u64,
        parts: &Parts,
        body: Bytes,
        found: &Found,
    ) -> Self {
        let headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let find = |name: &str| {
            headers
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.as_str())
        };
        let host = parts
            .uri
            .authority()
            .map(|authority| authority.as_str())
            .or_else(|| find("host"));
        let is_form = find("content-type").is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        let raw_query = parts.uri.query().unwrap_or_default().to_owned();
        Self {
            listener,
            connection,
            http_version: match parts.version {
                hyper::Version::HTTP_2 => "HTTP/2",
                hyper::Version::HTTP_10 => "HTTP/1.0",
                _ => "HTTP/1.1",
            },
            path: parts.uri.path().to_owned(),
            query: pairs(raw_query.as_bytes()),
            form: if is_form { pairs(&body) } else { Vec::new() },
            host: host.filter(|host| is_host(host)).map(str::to_owned),
            basic: find("authorization").and_then(basic),
            raw_query,
            body,
            route: found.route(),
            method: parts.method.as_str().to_owned(),
            headers,
            captures: found.captures().to_vec(),
            correlation: OnceLock::new(),
        }
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub(crate) fn queries(&self) -> &[(String, String)] {
        &self.query
    }

    pub(crate) fn forms(&self) -> &[(String, String)] {
        &self.form
    }

    /// A header by its lower-case name; the first one if there are several.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// A query parameter that is not empty.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name).filter(|value| !value.is_empty())
    }

    /// A form field that is not empty; Entra takes an empty one as missing.
    pub(crate) fn form(&self, name: &str) -> Option<&str> {
        first(&self.form, name).filter(|value| !value.is_empty())
    }

    /// The part of the path that a route's `{name}` stands for.
    pub(crate) fn capture(&self, name: &str) -> Option<&str> {
        self.captures
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value.as_str())
    }

    /// The tenant in the path, as the client wrote it.
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.capture("tenant")
    }

    /// User and password of a Basic `Authorization` header, form-decoded as RFC 6749 section 2.3.1 has it.
    pub(crate) fn basic(&self) -> Option<(&str, &str)> {
        self.basic
            .as_ref()
            .map(|(user, password)| (user.as_str(), password.as_str()))
    }

    /// The client id, of the form or the Basic header.
    pub(crate) fn client_id(&self) -> Option<Cow<'_, str>> {
        self.form("client_id")
            .or_else(|| self.basic().map(|(user, _)| user))
            .or_else(|| self.query("client_id"))
            .map(Cow::Borrowed)
    }

    /// The host that the client spoke to, without the port.
    pub(crate) fn host_name(&self) -> Option<&str> {
        self.host.as_deref().map(without_port)
    }

    /// `https://` and the host that the client spoke to, so that documents send it nowhere else.
    pub(crate) fn authority(&self, world: &World) -> String {
        match (&self.host, self.listener) {
            (Some(host), Listener::Tls) => format!("https://{host}"),
            _ => world.authority().to_owned(),
        }
    }

    /// The client's own request id, or one made for this request.
    pub(crate) fn correlation_id(&self, world: &World) -> String {
        let id = self.correlation.get_or_init(|| {
            let theirs = self
                .header("client-request-id")
                .filter(|id| crate::model::guid::is_guid(id));
            theirs.map_or_else(|| world.ids.guid(), str::to_owned)
        });
        id.clone()
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

/// Host and optional port, and nothing that could break out of a URL in a document.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 300
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
}

/// The host of an authority: without the port, and without the brackets of an IPv6 address.
pub(crate) fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((decode(user), decode(password)))
}

fn decode(text: &str) -> String {
    // A lone component is a form with one key and no value.
    let escaped = text.replace('=', "%3D").replace('&', "%26");
    form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(key, _)| key.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{basic, is_host, without_port};

    #[test]
    fn basic_credentials_are_form_decoded() {
        // id:s3cret%26%3D%25+x
        let header = "Basic aWQ6czNjcmV0JTI2JTNEJTI1K3g=";
        assert_eq!(basic(header).unwrap(), ("id".into(), "s3cret&=% x".into()));
        assert!(basic("Bearer abc").is_none());
        assert!(basic("Basic !!!").is_none());
    }

    #[test]
    fn a_port_is_taken_off_a_host() {
        for (host, name) in [
            ("localhost:8443", "localhost"),
            ("[::1]:8443", "::1"),
            ("a.test", "a.test"),
        ] {
            assert_eq!(without_port(host), name);
        }
    }

    #[test]
    fn a_host_cannot_break_out_of_a_document() {
        for good in ["localhost:8443", "[::1]:443", "login.microsoftonline.com"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", "evil\"host", "a/b", "a@b", "a?b"] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
