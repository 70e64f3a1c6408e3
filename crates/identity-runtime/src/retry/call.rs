//! What is sent, beyond the request itself.

use std::fmt;

use crate::crypto::sha256;

/// A logical request: what the attempts have in common.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call<'a> {
    /// The credential's name, for events.
    pub credential: &'a str,
    /// What the request is for. Waits that a service asks for are kept by it.
    pub key: RequestKey,
    /// Whether the request carries a grant that can be used once. It is repeated only when nothing of it was sent.
    pub single_use: bool,
    /// Whether nobody waits: one attempt then.
    pub background: bool,
}

impl<'a> Call<'a> {
    /// A request that may be repeated and that somebody waits for.
    #[must_use]
    pub const fn new(credential: &'a str, key: RequestKey) -> Self {
        Self {
            credential,
            key,
            single_use: false,
            background: false,
        }
    }

    /// Sets whether the request carries a grant that can be used once.
    #[must_use]
    pub const fn single_use(mut self, single_use: bool) -> Self {
        self.single_use = single_use;
        self
    }

    /// Sets whether nobody waits.
    #[must_use]
    pub const fn background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }
}

/// What a request is for, in a form that can be compared but not read back: authority, tenant, client, grant, scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestKey(pub(super) u128);

impl RequestKey {
    /// The key of these fields. Their order matters, and no two different lists have the same key.
    #[must_use]
    pub fn of(fields: &[&str]) -> Self {
        let mut bytes = Vec::new();
        for field in fields {
            bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
            bytes.extend_from_slice(field.as_bytes());
        }
        let mut half = [0u8; 16];
        for (to, from) in half.iter_mut().zip(sha256(&bytes)) {
            *to = from;
        }
        Self(u128::from_le_bytes(half))
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestKey({:032x})", self.0)
    }
}
