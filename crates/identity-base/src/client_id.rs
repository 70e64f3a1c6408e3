//! An application's client id.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Error, ErrorKind, Foreign};

/// The longest client id that is accepted. Entra's are GUIDs; ADFS allows other texts.
const MAX_CLIENT_ID_BYTES: usize = 255;

/// An application (client) id: a GUID in Entra, a short text in ADFS.
///
/// Printable ASCII without space, quotes and backslash, 1 to 255 characters. It is not a secret.
///
/// ```
/// use identity_base::ClientId;
/// let client: ClientId = "44444444-4444-4444-4444-444444444444".parse()?;
/// assert!(ClientId::parse("").is_err());
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// Checks and takes a client id over.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the text can't be a client id.
    pub fn parse(client_id: &str) -> Result<Self, Error> {
        let fits = !client_id.is_empty()
            && client_id.len() <= MAX_CLIENT_ID_BYTES
            && client_id
                .bytes()
                .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\'));
        match fits {
            true => Ok(Self(client_id.into())),
            false => Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{} is not a client id", Foreign::quoted(client_id, 80)),
            )
            .with_hint("use the Application (client) ID that the portal shows for the app registration")),
        }
    }

    /// The client id as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientId").field(&self.0).finish()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientId {
    type Err = Error;

    fn from_str(client_id: &str) -> Result<Self, Error> {
        Self::parse(client_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_printable_ascii() {
        assert_eq!(
            ClientId::parse("04b07795-8ddb-461a-bbee-02f9e1bf7b46")
                .unwrap()
                .as_str()
                .len(),
            36
        );
        for bad in ["", " ", "a b", "a\r\nX: y", "é", "a\"", "a'"] {
            assert!(ClientId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(ClientId::parse(&"a".repeat(MAX_CLIENT_ID_BYTES + 1)).is_err());
    }
}
