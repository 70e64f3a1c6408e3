//! Which of a host's identities is meant.

use std::fmt;

use identity_base::{ClientId, Error, ErrorKind, Foreign};

/// The longest resource id that is accepted, in bytes; Azure's own limits on its parts add up to less.
const MAX_RESOURCE_ID_BYTES: usize = 2048;

/// An identity that was assigned to the host, named in one of three ways. Without one the host's own (system-assigned) identity is meant.
///
/// ```
/// use identity_managed::UserAssignedId;
/// let by_client = UserAssignedId::client_id("44444444-4444-4444-4444-444444444444")?;
/// let by_resource = UserAssignedId::resource_id(
///     "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/backup",
/// )?;
/// assert_ne!(by_client, by_resource);
/// # Ok::<(), identity_base::Error>(())
/// ```
#[doc(alias = "identity_config")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserAssignedId {
    /// The identity's client (application) id.
    ClientId(ClientId),
    /// The object (principal) id of the identity's service principal.
    ObjectId(ObjectId),
    /// The identity's Azure resource id.
    ResourceId(ResourceId),
}

impl UserAssignedId {
    /// The identity with this client id.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the text can't be a client id.
    pub fn client_id(id: &str) -> Result<Self, Error> {
        ClientId::parse(id).map(Self::ClientId)
    }

    /// The identity with this object id.
    ///
    /// # Errors
    /// As [`ObjectId::parse`].
    pub fn object_id(id: &str) -> Result<Self, Error> {
        ObjectId::parse(id).map(Self::ObjectId)
    }

    /// The identity with this resource id.
    ///
    /// # Errors
    /// As [`ResourceId::parse`].
    pub fn resource_id(id: &str) -> Result<Self, Error> {
        ResourceId::parse(id).map(Self::ResourceId)
    }

    /// The id itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ClientId(id) => id.as_str(),
            Self::ObjectId(id) => id.as_str(),
            Self::ResourceId(id) => id.as_str(),
        }
    }

    /// What kind of id it is, in words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ClientId(_) => "client id",
            Self::ObjectId(_) => "object id",
            Self::ResourceId(_) => "resource id",
        }
    }

    /// The id under the parameter name that `names` gives to its kind; `None` when the endpoint can't select by it.
    pub(crate) const fn parameter<'a>(&'a self, names: &Names) -> Option<(&'static str, &'a Self)> {
        let name = match self {
            Self::ClientId(_) => names.client_id,
            Self::ObjectId(_) => names.object_id,
            Self::ResourceId(_) => names.resource_id,
        };
        match name {
            Some(name) => Some((name, self)),
            None => None,
        }
    }
}

impl fmt::Display for UserAssignedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), Foreign::new(self.as_str(), 300))
    }
}

/// What an endpoint calls the three ways to name an identity; `None` where it has no name for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) client_id: Option<&'static str>,
    pub(crate) object_id: Option<&'static str>,
    pub(crate) resource_id: Option<&'static str>,
}

impl Names {
    /// For endpoints that serve one identity only.
    pub(crate) const NONE: Self = Self {
        client_id: None,
        object_id: None,
        resource_id: None,
    };
}

/// The object (principal) id of a service principal: a GUID.
///
/// Printable ASCII without spaces, quotes and backslashes, 1 to 255 characters, are accepted; the endpoint knows which exist.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ObjectId(Box<str>);

impl ObjectId {
    /// Checks and takes an object id over.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the text can't be an object id.
    pub fn parse(id: &str) -> Result<Self, Error> {
        // The same alphabet, and for the same reason: it becomes a value in a URL and appears in messages.
        match ClientId::parse(id) {
            Ok(_) => Ok(Self(id.into())),
            Err(_) => Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{} is not an object id", Foreign::quoted(id, 80)),
            )
            .with_hint("use the Object (principal) ID that the portal shows for the managed identity")),
        }
    }

    /// The id as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObjectId").field(&self.0).finish()
    }
}

/// The Azure resource id of an identity: `/subscriptions/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME`.
///
/// Begins with `/`, has no white space or control characters, and at most 2048 bytes. (Names of resource groups need not be ASCII.)
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResourceId(Box<str>);

impl ResourceId {
    /// Checks and takes a resource id over.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the text can't be a resource id.
    pub fn parse(id: &str) -> Result<Self, Error> {
        let fits = id.len() > 1
            && id.len() <= MAX_RESOURCE_ID_BYTES
            && id.starts_with('/')
            && !id.chars().any(|c| c.is_whitespace() || c.is_control());
        match fits {
            true => Ok(Self(id.into())),
            false => Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{} is not a resource id", Foreign::quoted(id, 120)),
            )
            .with_hint("`az identity show --query id` prints it; it begins with /subscriptions/")),
        }
    }

    /// The id as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResourceId").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        for bad in ["", " ", "a b", "a\r\nX: y", "\"", "é"] {
            for parsed in [UserAssignedId::client_id(bad), UserAssignedId::object_id(bad)] {
                assert_eq!(
                    parsed.unwrap_err().kind(),
                    ErrorKind::InvalidConfiguration,
                    "{bad:?}"
                );
            }
        }
        for bad in [
            "",
            "/",
            "subscriptions/s",
            "/a b",
            "/a\n",
            "/a\u{0}",
            &format!("/{}", "a".repeat(2048)),
        ] {
            let error = UserAssignedId::resource_id(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad:?}");
            assert!(error.hint().unwrap().contains("az identity show"));
        }
        let id = UserAssignedId::resource_id("/subscriptions/s/resourceGroups/größe/x").unwrap();
        assert_eq!(
            id.to_string(),
            "resource id /subscriptions/s/resourceGroups/größe/x"
        );
    }

    #[test]
    fn an_endpoint_without_a_name_for_the_kind_cannot_select() {
        let id = UserAssignedId::object_id("o").unwrap();
        assert_eq!(id.parameter(&Names::NONE), None);
        let names = Names {
            object_id: Some("object_id"),
            ..Names::NONE
        };
        assert_eq!(id.parameter(&names), Some(("object_id", &id)));
    }
}
