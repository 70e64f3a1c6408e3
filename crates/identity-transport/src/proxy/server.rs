//! One proxy server.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// How to talk to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyScheme {
    Http,
    Https,
    Socks5,
}

/// A proxy, read from its URL.
#[derive(Clone)]
pub(crate) struct ProxyServer {
    pub(crate) scheme: ProxyScheme,
    /// In lower case, an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    credentials: Option<Credentials>,
}

#[derive(Clone)]
struct Credentials {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl ProxyServer {
    /// Reads a proxy's URL.
    ///
    /// # Errors
    /// What is wrong, without repeating any of it.
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        let url = url.trim();
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyScheme::Http, 80),
            "https" => (ProxyScheme::Https, 443),
            "socks5" | "socks5h" => (ProxyScheme::Socks5, 1080),
            _ => return Err("its scheme is none of http, https and socks5"),
        };
        // An `@` may stand in a password, unescaped against the rules: the last one ends the user information.
        let (user_info, place) = match rest.rsplit_once('@') {
            Some((user_info, place)) => (Some(user_info), place),
            None => (None, rest),
        };
        let end = place.find(['/', '?', '#']).unwrap_or(place.len());
        let place = place.get(..end).unwrap_or_default();
        let (host, port) = split_port(place).ok_or("its host or port is malformed")?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
        if host.is_empty() || host.len() > 255 || !host.bytes().all(plain) {
            return Err("its host is malformed");
        }
        let credentials = match user_info {
            None | Some("") => None,
            Some(user_info) => {
                let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
                Some(Credentials {
                    user: percent_decode(user)?,
                    password: percent_decode(password)?,
                })
            }
        };
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port: port.unwrap_or(default_port),
            credentials,
        })
    }

    pub(super) fn set_credentials(&mut self, user: &str, password: &str) {
        self.credentials = Some(Credentials {
            user: Zeroizing::new(user.to_owned()),
            password: Zeroizing::new(password.to_owned()),
        });
    }

    /// User and password, if there are any.
    pub(crate) fn user_and_password(&self) -> Option<(&str, &str)> {
        self.credentials
            .as_ref()
            .map(|credentials| (credentials.user.as_str(), credentials.password.as_str()))
    }

    /// The value of `Proxy-Authorization`, if there are credentials.
    pub(crate) fn basic_authorization(&self) -> Option<Zeroizing<String>> {
        let (user, password) = self.user_and_password()?;
        let pair = Zeroizing::new(format!("{user}:{password}"));
        let mut value = Zeroizing::new(String::with_capacity(6 + pair.len().div_ceil(3) * 4));
        value.push_str("Basic ");
        STANDARD.encode_string(pair.as_bytes(), &mut value);
        Some(value)
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyServer")
            .field("scheme", &self.scheme)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("credentials", &self.credentials.is_some())
            .finish()
    }
}

/// Splits `host`, `host:port`, `[v6]`, `[v6]:port`, or a bare IPv6 address. `None` if the port isn't one.
pub(super) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            match port.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if port.is_empty() => (host, None),
                None => return None,
            }
        }
        // More than one colon: an IPv6 address without brackets.
        None if text.bytes().filter(|b| *b == b':').count() > 1 => (text, None),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    match port {
        None | Some("") => Some((host, None)),
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some((host, Some(port.parse().ok()?))),
        Some(_) => None,
    }
}

/// Decodes `%XX`; a `%` that no two digits follow stands for itself.
fn percent_decode(text: &str) -> Result<Zeroizing<String>, &'static str> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, digit(tail.first()), digit(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => bytes.push(*first),
        }
    }
    if bytes.iter().any(|b| b.is_ascii_control()) {
        return Err("its user or password holds a control character");
    }
    match std::str::from_utf8(&bytes) {
        Ok(decoded) => Ok(Zeroizing::new(decoded.to_owned())),
        Err(_) => Err("its user or password is not valid UTF-8"),
    }
}
