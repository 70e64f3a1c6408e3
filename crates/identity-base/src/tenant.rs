//! A directory tenant.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Error, ErrorKind, Foreign};

/// The longest tenant that is accepted: that of a DNS name.
const MAX_TENANT_BYTES: usize = 253;

/// A tenant: a GUID, a domain name, or one of `common`, `organizations`, `consumers`, `adfs`.
///
/// ASCII letters, digits, `-` and `.` only, 1 to 253 characters, not beginning with `-` or `.` and without `..`, since it becomes a path segment of the
/// authority and an argument of command-line tools. Comparison ignores ASCII case, as Entra does.
///
/// ```
/// use identity_base::TenantId;
/// let tenant: TenantId = "Contoso.onmicrosoft.com".parse()?;
/// assert_eq!(tenant, "contoso.ONMICROSOFT.com".parse()?);
/// assert!("../evil".parse::<TenantId>().is_err());
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// Checks and takes a tenant over.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the text can't be a tenant.
    pub fn parse(tenant: &str) -> Result<Self, Error> {
        let fits = !tenant.is_empty()
            && tenant.len() <= MAX_TENANT_BYTES
            && tenant
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
            && !tenant.starts_with(['-', '.'])
            && !tenant.contains("..");
        match fits {
            true => Ok(Self(tenant.into())),
            false => Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{} is not a tenant", Foreign::quoted(tenant, 80)),
            )
            .with_hint("a tenant is a GUID or a domain name such as contoso.onmicrosoft.com; the portal shows both under Microsoft Entra ID")),
        }
    }

    /// The tenant as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` names the same tenant, ignoring ASCII case.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    /// Whether this is the `adfs` pseudo tenant, which has other rules.
    #[must_use]
    pub fn is_adfs(&self) -> bool {
        self.matches("adfs")
    }
}

impl PartialEq for TenantId {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for TenantId {}

impl std::hash::Hash for TenantId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TenantId").field(&self.0).finish()
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TenantId {
    type Err = Error;

    fn from_str(tenant: &str) -> Result<Self, Error> {
        Self::parse(tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_ascii_labels() {
        for good in [
            "common",
            "adfs",
            "11111111-1111-1111-1111-111111111111",
            "contoso.onmicrosoft.com",
            "a",
            "A-1.b",
        ] {
            assert_eq!(TenantId::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-debug",
            ".",
            "..",
            "a..b",
            "a/b",
            "a b",
            "my_tenant",
            "a\u{2ba}",
            "ａ",
            "a?x",
            "a#",
            "a%2e",
            "a\n",
        ] {
            assert_eq!(
                TenantId::parse(bad).unwrap_err().kind(),
                ErrorKind::InvalidConfiguration,
                "{bad:?}"
            );
        }
        assert!(TenantId::parse(&"a".repeat(MAX_TENANT_BYTES)).is_ok());
        assert!(TenantId::parse(&"a".repeat(MAX_TENANT_BYTES + 1)).is_err());
    }

    #[test]
    fn adfs_is_recognised_in_any_case() {
        assert!(TenantId::parse("ADFS").unwrap().is_adfs());
        assert!(!TenantId::parse("adfs2").unwrap().is_adfs());
    }
}
