//! A string that must not be shown.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A secret string: a client secret, password, assertion, authorization code or token.
///
/// `Debug` prints a fixed marker, there is no `Display`, no `PartialEq` and no `Deref`; [`Secret::expose`] is the only way out. The memory is
/// overwritten when the last clone is dropped. Clones share one buffer.
///
/// ```
/// use identity_base::Secret;
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(<redacted>)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
///
/// What can't be cleared: copies the compiler made while moving the original string, and pages the system swapped out.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes the string over. Pass an owned `String` to avoid leaving a copy behind.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(value.into())))
    }

    /// The secret itself. Every call site is a place to review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the secret is the empty string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares two secrets in time that depends on their lengths only.
    #[must_use]
    pub fn constant_time_eq(&self, other: &Self) -> bool {
        let (a, b) = (self.expose().as_bytes(), other.expose().as_bytes());
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .fold(0u8, |difference, (x, y)| difference | (x ^ y))
                == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(<redacted>)")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<Zeroizing<String>> for Secret {
    fn from(value: Zeroizing<String>) -> Self {
        Self(Arc::new(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_value() {
        let secret = Secret::new("hunter2-hunter2");
        for text in [
            format!("{secret:?}"),
            format!("{secret:#?}"),
            format!("{:?}", Some(&secret)),
        ] {
            assert!(!text.contains("hunter"), "{text}");
        }
    }

    #[test]
    fn comparison_looks_at_every_byte() {
        assert!(Secret::new("abc").constant_time_eq(&Secret::new("abc")));
        assert!(!Secret::new("abc").constant_time_eq(&Secret::new("abd")));
        assert!(!Secret::new("abc").constant_time_eq(&Secret::new("xbc")));
        assert!(!Secret::new("abc").constant_time_eq(&Secret::new("abcd")));
        assert!(Secret::new("").is_empty());
    }
}
