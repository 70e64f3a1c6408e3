//! Which requests may carry a token.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;

/// A request that would have shown its token to the network, and was not sent.
///
/// The text names the scheme and the host, and the ways out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainHttpRefused {
    scheme: String,
    host: String,
}

impl PlainHttpRefused {
    /// The host that the request was for.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The request's scheme, which is not https.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }
}

impl fmt::Display for PlainHttpRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "refused to send a token to {}://{}, where everybody on the way could read it: use an https URL, or say `allow_plain_http(true)` if that is wanted",
            self.scheme, self.host
        )
    }
}

impl Error for PlainHttpRefused {}

/// Whether a request to this scheme and host may carry a token: with https to any host, with another scheme to this machine alone.
///
/// This machine is `localhost`, 127.0.0.0/8 and `[::1]`, as they stand in the URL. Nothing is resolved, so another name for it does not count, and neither
/// does an unusual way to write its address.
///
/// ```
/// use identity_challenge::require_https;
///
/// assert!(require_https("https", "example.com").is_ok());
/// assert!(require_https("http", "localhost").is_ok());
/// assert_eq!(require_https("http", "example.com").unwrap_err().host(), "example.com");
/// ```
///
/// # Errors
/// [`PlainHttpRefused`] when it may not.
pub fn require_https(scheme: &str, host: &str) -> Result<(), PlainHttpRefused> {
    if scheme.eq_ignore_ascii_case("https") || is_loopback(host) {
        return Ok(());
    }
    Err(PlainHttpRefused {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
    })
}

fn is_loopback(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_over_https_or_stay_on_the_machine() {
        for (scheme, host) in [
            ("https", "example.com"),
            ("HTTPS", "10.0.0.1"),
            ("http", "localhost"),
            ("http", "LocalHost"),
            ("http", "127.0.0.1"),
            ("http", "127.255.3.4"),
            ("http", "[::1]"),
            ("http", "[0:0:0:0:0:0:0:1]"),
        ] {
            assert!(require_https(scheme, host).is_ok(), "{scheme} {host}");
        }
        for (scheme, host) in [
            ("http", "example.com"),
            ("ws", "example.com"),
            ("httpss", "example.com"),
            ("", "example.com"),
            ("http", ""),
            ("http", "localhost."),
            ("http", "localhost.example.com"),
            ("http", "a.localhost"),
            ("http", "127.0.0.1.example.com"),
            ("http", "127.1"),
            ("http", "0x7f.0.0.1"),
            ("http", "0.0.0.0"),
            ("http", "128.0.0.1"),
            ("http", "10.0.0.1"),
            ("http", "169.254.169.254"),
            ("http", "[::]"),
            ("http", "[::2]"),
            ("http", "[::1"),
            ("http", "[[::1]]"),
        ] {
            let refused = require_https(scheme, host).unwrap_err();
            assert_eq!((refused.scheme(), refused.host()), (scheme, host));
        }
    }

    #[test]
    fn the_text_names_what_was_refused_and_the_ways_out() {
        let text = require_https("http", "example.com").unwrap_err().to_string();
        for part in ["http://example.com", "https URL", "allow_plain_http(true)"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
