//! A person whose tokens are handed out.

use std::fmt;

use super::guid;

/// A person in the first tenant.
///
/// ```
/// use identity_emulator::User;
/// let ada = User::new("ada@contoso.test").display_name("Ada Lovelace");
/// assert_eq!(ada.upn(), "ada@contoso.test");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub(crate) upn: String,
    pub(crate) name: String,
    pub(crate) object_id: String,
    password: Option<String>,
    pub(crate) federated: bool,
    pub(crate) mfa: bool,
}

/// What came of comparing a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordCheck {
    Good,
    Wrong,
}

impl User {
    /// A person with this sign-in name. The object id is derived from it: the same name is the same person.
    pub fn new(upn: impl Into<String>) -> Self {
        let upn = upn.into();
        Self {
            object_id: guid::derive(&["user", &upn.to_ascii_lowercase()]),
            name: upn.clone(),
            upn,
            password: None,
            federated: false,
            mfa: false,
        }
    }

    /// Sets the password, for flows that know it; without one no password is right. Register the user with its tenant.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Lets the account sign in at its organization's server (WS-Trust), which the emulator is as well.
    #[must_use]
    pub fn federated(mut self) -> Self {
        self.federated = true;
        self
    }

    /// Requires a second factor: a password alone is refused with AADSTS50076, a person at a page brings it.
    #[must_use]
    pub fn requires_mfa(mut self) -> Self {
        self.mfa = true;
        self
    }

    pub(crate) fn check(&self, password: &str) -> PasswordCheck {
        match &self.password {
            Some(right) if right == password => PasswordCheck::Good,
            _ => PasswordCheck::Wrong,
        }
    }

    /// Sets the name that tokens show; the sign-in name by default.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the object id.
    #[must_use]
    pub fn with_object_id(mut self, id: impl Into<String>) -> Self {
        self.object_id = id.into();
        self
    }

    /// The sign-in name.
    pub fn upn(&self) -> &str {
        &self.upn
    }

    /// The object id, the `oid` of tokens.
    pub fn object_id(&self) -> &str {
        &self.object_id
    }

    /// The subject that the tokens for one application carry; it differs from application to application.
    pub(crate) fn subject(&self, audience: &str) -> String {
        guid::derive(&["subject", &self.object_id, audience]).replace('-', "")
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("upn", &self.upn)
            .field("object_id", &self.object_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::User;

    #[test]
    fn a_person_is_the_same_in_any_spelling_and_has_a_subject_per_application() {
        let (one, other) = (User::new("Ada@contoso.test"), User::new("ada@contoso.test"));
        assert_eq!(one.object_id, other.object_id);
        assert_ne!(one.object_id, User::new("bob@contoso.test").object_id);
        assert_ne!(one.subject("a"), one.subject("b"));
    }
}
