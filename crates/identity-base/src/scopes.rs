//! Scopes, parsed.

use std::fmt;
use std::sync::Arc;

use crate::{Error, ErrorKind, Foreign};

/// The longest scope that is accepted, in bytes. Entra's own limit on a request is lower.
const MAX_SCOPE_BYTES: usize = 2048;
/// The most scopes of one request.
const MAX_SCOPES: usize = 256;

/// One or more scopes, checked, in the caller's order, without duplicates.
///
/// Each scope is a `scope-token` of RFC 6749 section 3.3: printable ASCII without space, `"` and `\`, 1 to 2048 bytes.
/// Two values are equal when they name the same set, whatever the order.
///
/// ```
/// use identity_base::Scopes;
/// let scopes = Scopes::parse(["https://vault.azure.net/.default"])?;
/// assert_eq!(scopes.joined(), "https://vault.azure.net/.default");
/// assert_eq!(scopes.resource()?, "https://vault.azure.net");
/// assert_eq!(Scopes::parse(["a", "b"])?, Scopes::parse(["b", "a", "b"])?);
/// assert!(Scopes::parse(["two words"]).is_err());
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone)]
pub struct Scopes(Arc<Inner>);

struct Inner {
    /// In the caller's order: what goes on the wire.
    requested: Box<[Box<str>]>,
    /// Sorted: what the cache compares.
    sorted: Box<[Box<str>]>,
}

impl Scopes {
    /// Checks and takes scopes over.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when there is no scope, more than 256, or one that is not a scope token.
    pub fn parse<I>(scopes: I) -> Result<Self, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut requested: Vec<Box<str>> = Vec::new();
        for scope in scopes {
            let scope = scope.as_ref();
            check(scope)?;
            if !requested.iter().any(|known| &**known == scope) {
                requested.push(scope.into());
            }
            if requested.len() > MAX_SCOPES {
                return Err(invalid(format!("more than {MAX_SCOPES} scopes in one request")));
            }
        }
        if requested.is_empty() {
            return Err(invalid("at least one scope is required".to_owned())
                .with_hint("pass a scope such as \"https://management.azure.com/.default\""));
        }
        let mut sorted = requested.clone();
        sorted.sort_unstable();
        Ok(Self(Arc::new(Inner {
            requested: requested.into(),
            sorted: sorted.into(),
        })))
    }

    /// The scopes in the caller's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.0.requested.iter().map(|scope| &**scope)
    }

    /// The scopes sorted bytewise: the order-independent form that cache keys use.
    pub fn sorted(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.0.sorted.iter().map(|scope| &**scope)
    }

    /// How many there are; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it can't be empty")]
    pub fn len(&self) -> usize {
        self.0.requested.len()
    }

    /// The scopes joined by single spaces, in the caller's order: the `scope` field of a token request.
    #[must_use]
    pub fn joined(&self) -> String {
        self.0.requested.join(" ")
    }

    /// The resource, for endpoints that take a resource: the one scope without one trailing `/.default`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when there is more than one scope.
    pub fn resource(&self) -> Result<&str, Error> {
        match &*self.0.requested {
            [scope] => Ok(scope.strip_suffix("/.default").unwrap_or(scope)),
            _ => Err(
                invalid("exactly one scope per request is required here".to_owned())
                    .with_hint("request a token for each scope separately"),
            ),
        }
    }
}

/// Whether `scope` is a scope token of RFC 6749, of a sane length.
fn check(scope: &str) -> Result<(), Error> {
    if scope.is_empty() {
        return Err(invalid("a scope is empty".to_owned()));
    }
    if scope.len() > MAX_SCOPE_BYTES {
        return Err(invalid(format!(
            "a scope has {} bytes, more than {MAX_SCOPE_BYTES}",
            scope.len()
        )));
    }
    match scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)) {
        true => Ok(()),
        false => Err(invalid(format!("{} is not a scope", Foreign::quoted(scope, 80)))
            .with_hint("scopes are printable ASCII without spaces, quotes and backslashes; pass several scopes as several items")),
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfiguration, message)
}

impl PartialEq for Scopes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.sorted == other.0.sorted
    }
}

impl Eq for Scopes {}

impl std::hash::Hash for Scopes {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.sorted.hash(state);
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined())
    }
}

impl TryFrom<&[&str]> for Scopes {
    type Error = Error;

    fn try_from(scopes: &[&str]) -> Result<Self, Error> {
        Self::parse(scopes)
    }
}

impl std::str::FromStr for Scopes {
    type Err = Error;

    /// Splits at single spaces, as the `scope` field does.
    fn from_str(joined: &str) -> Result<Self, Error> {
        Self::parse(joined.split(' '))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_duplicates_do_not_matter_for_equality() {
        let a = Scopes::parse(["https://b/.default", "https://a/.default"]).unwrap();
        let b = Scopes::parse(["https://a/.default", "https://b/.default", "https://a/.default"]).unwrap();
        assert_eq!(a, b);
        assert_eq!(b.len(), 2);
        assert_eq!(
            a.joined(),
            "https://b/.default https://a/.default",
            "the wire keeps the caller's order"
        );
        assert_eq!(
            a.sorted().collect::<Vec<_>>(),
            ["https://a/.default", "https://b/.default"]
        );
    }

    #[test]
    fn only_scope_tokens_are_accepted() {
        for bad in ["", " ", "a b", "a\n", "a\"b", "a\\b", "ä", "a\u{0}", "\u{7f}"] {
            assert_eq!(
                Scopes::parse([bad]).unwrap_err().kind(),
                ErrorKind::InvalidConfiguration,
                "{bad:?}"
            );
        }
        for good in [
            "openid",
            "https://graph.microsoft.com//.default",
            "api://x/y?z=1&q='",
            "499b84ac-1321-427f-aa17-267ca6975798/.default",
        ] {
            assert!(Scopes::parse([good]).is_ok(), "{good}");
        }
        assert!(Scopes::parse(["a".repeat(MAX_SCOPE_BYTES)]).is_ok());
        assert!(Scopes::parse(["a".repeat(MAX_SCOPE_BYTES + 1)]).is_err());
        assert!(Scopes::parse(std::iter::empty::<&str>()).is_err());
        assert!(Scopes::parse((0..=MAX_SCOPES).map(|n| format!("s{n}"))).is_err());
    }

    #[test]
    fn the_resource_loses_exactly_one_suffix() {
        let resource = |scope: &str| Scopes::parse([scope]).unwrap().resource().unwrap().to_owned();
        assert_eq!(
            resource("https://vault.azure.net/.default"),
            "https://vault.azure.net"
        );
        assert_eq!(
            resource("https://vault.azure.net//.default"),
            "https://vault.azure.net/"
        );
        assert_eq!(resource("https://vault.azure.net"), "https://vault.azure.net");
        assert!(Scopes::parse(["a", "b"]).unwrap().resource().is_err());
    }
}
