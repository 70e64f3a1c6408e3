//! What the service answers to the first request.

use std::fmt;
use std::time::Duration;

use identity_base::{Authority, Cloud, Error, ErrorKind, Foreign, Secret};
use identity_runtime::entra::lifetime;
use identity_runtime::json::Json;

/// Where codes are typed, whatever the cloud; beside the authority's own host.
const VERIFICATION_HOSTS: [&str; 4] = [
    "microsoft.com",
    "www.microsoft.com",
    "login.microsoft.com",
    "aka.ms",
];
/// How long a code is valid when the service doesn't say.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// No code is waited for longer, whatever the service says.
pub(super) const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// The pause between two questions when the service doesn't say.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// The pause is at least this long.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// And at most this long.
pub(super) const MAX_INTERVAL: Duration = Duration::from_secs(60);

/// A sign-in that was begun.
pub(super) struct Started {
    pub(super) device_code: Secret,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    /// From the request on.
    pub(super) lifetime: Duration,
    pub(super) interval: Duration,
}

impl Started {
    /// Reads the answer. Its `message` is not looked at: what a person is shown is composed here.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] for an answer without codes or with malformed ones, [`ErrorKind::IdentityMismatch`] for a page on another host.
    pub(super) fn read(json: &Json, authority: &Authority) -> Result<Self, Error> {
        let device_code = json
            .text("device_code")
            .filter(|code| !code.is_empty())
            .ok_or_else(|| protocol("the answer has no device code"))?;
        let user_code = json.text("user_code").unwrap_or_default();
        if !is_user_code(user_code) {
            return Err(protocol("the answer has no code that could be typed"));
        }
        let uri = json
            .text("verification_uri")
            .or_else(|| json.text("verification_url"))
            .unwrap_or_default();
        if !is_verification_page(uri, authority) {
            return Err(Error::new(
                ErrorKind::IdentityMismatch,
                format!(
                    "the page to type the code at, {}, is not the authority's",
                    Foreign::quoted(uri, 120)
                ),
            )
            .with_hint("check that no proxy answers in place of the authority"));
        }
        Ok(Self {
            device_code: Secret::new(device_code),
            user_code: user_code.to_owned(),
            verification_uri: uri.to_owned(),
            lifetime: duration(json, "expires_in")
                .unwrap_or(DEFAULT_LIFETIME)
                .min(MAX_LIFETIME),
            interval: duration(json, "interval")
                .unwrap_or(DEFAULT_INTERVAL)
                .clamp(MIN_INTERVAL, MAX_INTERVAL),
        })
    }
}

/// A duration that makes sense; others count as missing.
fn duration(json: &Json, member: &'static str) -> Option<Duration> {
    json.get(member).and_then(|value| lifetime(member, value).ok())
}

/// Short and plain, so that it can neither mislead nor command a terminal.
fn is_user_code(code: &str) -> bool {
    (4..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// An `https` page of plain characters on the authority's host, another host of its cloud, or one of Microsoft's for this.
fn is_verification_page(uri: &str, authority: &Authority) -> bool {
    let is_plain = uri.len() <= 256
        && uri.bytes().all(|b| {
            b.is_ascii_alphanumeric()
                || matches!(
                    b,
                    b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'?' | b'=' | b'&' | b'%'
                )
        });
    let Some(rest) = uri.strip_prefix("https://").filter(|_| is_plain) else {
        return false;
    };
    let origin = rest.split(['/', '?']).next().unwrap_or_default();
    let Ok(host) = Authority::parse(origin) else {
        return false;
    };
    let cloud = authority.cloud();
    host.origin() == authority.origin()
        || (cloud != Cloud::Custom && (host.cloud() == cloud || VERIFICATION_HOSTS.contains(&host.origin())))
}

fn protocol(message: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started")
            .field("lifetime", &self.lifetime)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(changes: serde_json::Value) -> Result<Started, Error> {
        let mut answer = json!({"device_code": "d", "user_code": "ABCD-1234", "verification_uri": "https://microsoft.com/devicelogin"});
        for (member, value) in changes.as_object().unwrap() {
            answer[member] = value.clone();
        }
        Started::read(
            &Json::parse(answer.to_string().as_bytes()).unwrap(),
            &Authority::public(),
        )
    }

    #[test]
    fn times_are_kept_within_bounds() {
        for (interval, seconds) in [
            (json!(0), 5),
            (json!(-1), 5),
            (json!("7"), 7),
            (json!(2.5), 2),
            (json!(1e12), 60),
            (json!("x"), 5),
            (json!(null), 5),
            (json!(90), 60),
        ] {
            let pause = read(json!({ "interval": interval })).unwrap().interval;
            assert_eq!(pause.as_secs(), seconds, "{interval}");
        }
        for (expires_in, seconds) in [
            (json!(900), 900),
            (json!(1e12), 1800),
            (json!(-1), 900),
            (json!("60"), 60),
        ] {
            let lifetime = read(json!({ "expires_in": expires_in })).unwrap().lifetime;
            assert_eq!(lifetime.as_secs(), seconds, "{expires_in}");
        }
    }

    #[test]
    fn pages_elsewhere_are_refused() {
        for good in [
            "https://microsoft.com/devicelogin",
            "https://login.microsoftonline.com/common/oauth2/deviceauth",
            "https://login.microsoft.com/device",
            "https://aka.ms/devicelogin",
        ] {
            assert!(read(json!({ "verification_uri": good })).is_ok(), "{good}");
        }
        for bad in [
            "http://microsoft.com/devicelogin",
            "https://microsoft.com.evil.test/",
            "https://microsoft.com@evil.test/",
            "https://evil.test/?https://microsoft.com/",
            "https://microsoft.com:8443/devicelogin",
            "https://login.microsoftonline.us/device",
            "https://microsoft.com/\u{1b}[31m",
            "https://microsoft.com/a b",
            "javascript:alert(1)",
            "",
        ] {
            let error = read(json!({ "verification_uri": bad })).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IdentityMismatch, "{bad}");
            assert!(!error.to_string().contains('\u{1b}'));
        }
        let own = Authority::parse("localhost:8443").unwrap();
        assert!(is_verification_page("https://localhost:8443/device", &own));
        assert!(!is_verification_page("https://microsoft.com/devicelogin", &own));
    }

    #[test]
    fn codes_are_short_plain_words() {
        for bad in [
            "",
            "abc",
            "a b c d",
            "\u{1b}[31mred",
            "äöüß",
            &"x".repeat(33),
            "code\nnext",
        ] {
            let error = read(json!({ "user_code": bad })).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{bad}");
        }
        assert!(read(json!({ "device_code": "" })).is_err() && read(json!({ "device_code": 7 })).is_err());
    }
}
