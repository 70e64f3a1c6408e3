//! An access token.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Secret};

/// The longest token that is accepted, in bytes. Entra's are a few kilobytes; header limits of servers end far below this.
const MAX_TOKEN_BYTES: usize = 65_536;
/// What stands before the token in the buffer that token and header share.
const BEARER: &str = "Bearer ";
/// How far apart the private reference counts of [`AccessToken::with_own_count`] are kept, so that no two share a cache line (adjacent lines included).
const COUNT_PADDING: usize = 240;

/// An access token, cheap to clone. The memory is overwritten when the last clone, and the last clone of its header, are gone.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use identity_base::AccessToken;
/// let token = AccessToken::new("eyJ0eXAi", SystemTime::now() + Duration::from_secs(3600))?;
/// assert_eq!(token.secret(), "eyJ0eXAi");
/// assert!(token.header().is_sensitive());
/// assert!(!format!("{token:?}").contains("eyJ0eXAi"));
/// # Ok::<(), identity_base::Error>(())
/// ```
#[doc(alias = "AccessTokenInfo")]
#[derive(Clone)]
pub struct AccessToken(Arc<Counted<[u8]>>);

/// A reference count on its own, in front of the shared data. The tail is padding: none for a plain token, and enough to keep counts on separate cache
/// lines for the copies that the cache hands to different threads. Being unsized, both are one type, without a branch.
struct Counted<P: ?Sized> {
    data: Arc<Data>,
    _padding: P,
}

struct Data {
    /// `Bearer ` and the token.
    text: Arc<Zeroizing<String>>,
    /// The same bytes as a header value.
    header: HeaderValue,
    /// Milliseconds since the epoch.
    expires_on: i64,
    /// Milliseconds since the epoch; `None` when the service gave no hint.
    refresh_on: Option<i64>,
}

/// Lets the header value keep the buffer alive, instead of copying it.
struct HeaderBytes(Arc<Zeroizing<String>>);

impl AsRef<[u8]> for HeaderBytes {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl AccessToken {
    /// A bearer token that expires at `expires_on`.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when the token is empty, longer than 64 KiB, or has a character that can't stand in an HTTP header
    /// (anything outside `!` to `~`).
    pub fn new(secret: impl Into<Secret>, expires_on: SystemTime) -> Result<Self, Error> {
        Self::from_parts(&secret.into(), to_millis(expires_on), None)
    }

    /// The same token with the time from which a refresh is advised.
    #[must_use]
    pub fn with_refresh_on(self, refresh_on: SystemTime) -> Self {
        let data = &self.0.data;
        Self::assemble(Data {
            text: Arc::clone(&data.text),
            header: data.header.clone(),
            expires_on: data.expires_on,
            refresh_on: Some(to_millis(refresh_on)),
        })
    }

    /// As [`AccessToken::new`], with times in milliseconds since the epoch.
    ///
    /// # Errors
    /// As [`AccessToken::new`].
    pub fn from_parts(
        secret: &Secret,
        expires_on_ms: i64,
        refresh_on_ms: Option<i64>,
    ) -> Result<Self, Error> {
        let token = secret.expose();
        if token.is_empty() {
            return Err(Error::new(ErrorKind::Protocol, "the access token is empty"));
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!(
                    "the access token has {} bytes, more than {MAX_TOKEN_BYTES}",
                    token.len()
                ),
            ));
        }
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the access token has characters that are not allowed in a header",
            ));
        }
        let mut text = Zeroizing::new(String::with_capacity(BEARER.len() + token.len()));
        text.push_str(BEARER);
        text.push_str(token);
        let text = Arc::new(text);
        let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(HeaderBytes(Arc::clone(&text))))
            .map_err(|_| Error::new(ErrorKind::Protocol, "the access token is not allowed in a header"))?;
        header.set_sensitive(true);
        Ok(Self::assemble(Data {
            text,
            header,
            expires_on: expires_on_ms,
            refresh_on: refresh_on_ms,
        }))
    }

    fn assemble(data: Data) -> Self {
        Self(Arc::new(Counted {
            data: Arc::new(data),
            _padding: [0u8; 0],
        }))
    }

    /// The token itself.
    #[inline]
    #[must_use]
    pub fn secret(&self) -> &str {
        self.0.data.text.get(BEARER.len()..).unwrap_or_default()
    }

    /// The value of an `Authorization` header, `Bearer …`, marked sensitive. Cloning it copies nothing.
    #[inline]
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.0.data.header
    }

    /// When the token expires.
    #[must_use]
    pub fn expires_on(&self) -> SystemTime {
        from_millis(self.0.data.expires_on)
    }

    /// When the token expires, in milliseconds since the Unix epoch.
    #[inline]
    #[must_use]
    pub fn expires_on_millis(&self) -> i64 {
        self.0.data.expires_on
    }

    /// From when a refresh is advised, if the service said so.
    #[must_use]
    pub fn refresh_on(&self) -> Option<SystemTime> {
        self.0.data.refresh_on.map(from_millis)
    }

    /// [`AccessToken::refresh_on`] in milliseconds since the Unix epoch.
    #[must_use]
    pub fn refresh_on_millis(&self) -> Option<i64> {
        self.0.data.refresh_on
    }

    /// The token type, always `Bearer`: answers with another type are refused.
    #[must_use]
    pub fn token_type(&self) -> &'static str {
        "Bearer"
    }

    /// Whether both are the same token: the same buffer, or equal text (compared in constant time).
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.data.text, &other.0.data.text) || {
            let (a, b) = (self.secret().as_bytes(), other.secret().as_bytes());
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .fold(0u8, |difference, (x, y)| difference | (x ^ y))
                    == 0
        }
    }

    /// A clone that shares the token but not the reference count.
    ///
    /// A cache gives each of a few threads a copy of its own, so that they don't fight over one counter. Costs about 260 bytes.
    #[must_use]
    pub fn with_own_count(&self) -> Self {
        Self(Arc::new(Counted {
            data: Arc::clone(&self.0.data),
            _padding: [0u8; COUNT_PADDING],
        }))
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("secret", &format_args!("<redacted>"))
            .field("expires_on", &self.expires_on())
            .field("refresh_on", &self.refresh_on())
            .finish()
    }
}

/// Milliseconds since the epoch, saturating.
fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
    }
}

/// The time at `millis` since the epoch; times that the platform can't express become the epoch.
fn from_millis(millis: i64) -> SystemTime {
    let distance = Duration::from_millis(millis.unsigned_abs());
    let time = if millis >= 0 {
        UNIX_EPOCH.checked_add(distance)
    } else {
        UNIX_EPOCH.checked_sub(distance)
    };
    time.unwrap_or(UNIX_EPOCH)
}

impl From<&AccessToken> for Secret {
    /// The token as a secret of its own, for flows that send it on (as an assertion, for example).
    fn from(token: &AccessToken) -> Self {
        Self::new(token.secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Result<AccessToken, Error> {
        AccessToken::new(text, UNIX_EPOCH + Duration::from_secs(4_000_000_000))
    }

    #[test]
    fn token_and_header_share_one_buffer() {
        let token = token("abc.def-ghi_jkl").unwrap();
        assert_eq!(token.secret(), "abc.def-ghi_jkl");
        assert_eq!(token.header().as_bytes(), b"Bearer abc.def-ghi_jkl");
        assert_eq!(
            token.secret().as_ptr(),
            token.header().as_bytes()[BEARER.len()..].as_ptr()
        );
    }

    #[test]
    fn neither_token_nor_header_shows_in_debug() {
        let token = token("CNRYCNRYCNRY").unwrap();
        for text in [
            format!("{token:?}"),
            format!("{token:#?}"),
            format!("{:?}", token.header()),
        ] {
            assert!(!text.contains("CNRY"), "{text}");
        }
    }

    #[test]
    fn tokens_that_cannot_be_a_header_are_refused() {
        for bad in ["", "a b", "a\r\nX: y", "a\0", "é", "\u{7f}"] {
            assert_eq!(token(bad).unwrap_err().kind(), ErrorKind::Protocol, "{bad:?}");
        }
        assert!(token(&"a".repeat(MAX_TOKEN_BYTES)).is_ok());
        let error = token(&"a".repeat(MAX_TOKEN_BYTES + 1)).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("aaaaaaaa"));
    }

    #[test]
    fn a_copy_with_its_own_count_is_the_same_token() {
        let token = token("t")
            .unwrap()
            .with_refresh_on(UNIX_EPOCH + Duration::from_millis(1500));
        let copy = token.with_own_count();
        assert!(copy.is_same(&token));
        assert_eq!(copy.refresh_on_millis(), Some(1500));
        assert_eq!(copy.secret().as_ptr(), token.secret().as_ptr());
    }

    #[test]
    fn times_survive_the_round_trip() {
        for millis in [0, 1, -1, 1_700_000_000_123, -62_000_000_000_000] {
            assert_eq!(to_millis(from_millis(millis)), millis);
        }
        assert_eq!(
            from_millis(i64::MAX),
            from_millis(i64::MAX),
            "out of range does not panic"
        );
    }
}
