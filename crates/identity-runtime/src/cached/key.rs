//! What distinguishes one cached token of a credential from another.

use std::hash::{BuildHasher, Hasher};

use identity_base::{RequestScopes, Scopes};

/// The key of an entry: scopes, resolved tenant, CAE.
///
/// Whose token it is (cloud, client, grant, account) is the credential's own and the same for all of its entries. Claims aren't part of it: they bypass the
/// cache and replace the entry.
#[derive(Debug)]
pub(crate) struct Key {
    /// The scopes joined by spaces, which no scope contains, in the order of the first caller. One string costs one cache miss to compare.
    scopes: Box<str>,
    /// How many scopes.
    count: usize,
    /// The tenant, `None` for the credential's own.
    tenant: Option<Box<str>>,
    cae: bool,
}

impl Key {
    pub(crate) fn new(scopes: &Scopes, tenant: Option<&str>, cae: bool) -> Self {
        Self {
            scopes: scopes.joined().into(),
            count: scopes.len(),
            tenant: tenant.map(Into::into),
            cae,
        }
    }

    /// Whether this is the key of a request for these scopes. Field by field: never through a hash alone.
    #[inline]
    pub(crate) fn matches(&self, scopes: RequestScopes<'_>, tenant: Option<&str>, cae: bool) -> bool {
        self.cae == cae && self.matches_scopes(scopes) && self.matches_tenant(tenant)
    }

    #[inline]
    fn matches_scopes(&self, scopes: RequestScopes<'_>) -> bool {
        if self.count == 1 && scopes.len() == 1 {
            return scopes.all(|scope| *self.scopes == *scope);
        }
        let mut mine = self.scopes.split(' ');
        if self.count == scopes.len() && scopes.all(|scope| mine.next() == Some(scope)) {
            return true;
        }
        self.matches_unordered(scopes)
    }

    /// Another order, or duplicates. Quadratic, for the handful of scopes that a request has.
    #[cold]
    fn matches_unordered(&self, scopes: RequestScopes<'_>) -> bool {
        let mine = || self.scopes.split(' ');
        !scopes.is_empty()
            && scopes.all(|scope| mine().any(|known| known == scope))
            && mine().all(|known| !scopes.all(|scope| scope != known))
    }

    #[inline]
    fn matches_tenant(&self, tenant: Option<&str>) -> bool {
        match (&self.tenant, tenant) {
            (None, None) => true,
            (Some(mine), Some(tenant)) => mine.eq_ignore_ascii_case(tenant),
            _ => false,
        }
    }

    /// The scopes, parsed again.
    pub(crate) fn scopes(&self) -> Result<Scopes, identity_base::Error> {
        Scopes::parse(self.scopes.split(' '))
    }

    pub(crate) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    pub(crate) const fn cae(&self) -> bool {
        self.cae
    }

    /// The bytes the key takes up besides itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.scopes.len() + self.tenant.as_ref().map_or(0, |tenant| tenant.len())
    }

    /// The hash under which a table finds the key.
    pub(crate) fn hash_with(&self, hasher: &impl BuildHasher) -> u64 {
        let scopes = self.scopes.split(' ').fold(0u64, |sum, scope| {
            sum.wrapping_add(hasher.hash_one(scope.as_bytes()))
        });
        finish_hash(hasher, scopes, self.tenant.as_deref(), self.cae)
    }
}

/// The hash of a request, equal to that of its key whatever the order of the scopes. (A request with duplicates has another one; it is found by the slow path.)
#[inline]
pub(crate) fn hash_request(
    hasher: &impl BuildHasher,
    scopes: RequestScopes<'_>,
    tenant: Option<&str>,
    cae: bool,
) -> u64 {
    let mut sum = 0u64;
    scopes.all(|scope| {
        sum = sum.wrapping_add(hasher.hash_one(scope.as_bytes()));
        true
    });
    finish_hash(hasher, sum, tenant, cae)
}

#[inline]
fn finish_hash(hasher: &impl BuildHasher, scopes: u64, tenant: Option<&str>, cae: bool) -> u64 {
    let mut hash = scopes ^ u64::from(cae);
    if let Some(tenant) = tenant {
        let mut state = hasher.build_hasher();
        tenant
            .bytes()
            .for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
        hash = hash.rotate_left(21) ^ state.finish();
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scopes: &[&str], tenant: Option<&str>, cae: bool) -> Key {
        Key::new(&Scopes::parse(scopes).unwrap(), tenant, cae)
    }

    #[test]
    fn the_set_of_scopes_counts_not_the_order() {
        let two = key(&["b", "a"], None, false);
        for same in [&["a", "b"][..], &["b", "a"], &["a", "b", "a"]] {
            assert!(two.matches(same.into(), None, false), "{same:?}");
        }
        for other in [
            &["a"][..],
            &["b"],
            &["a", "c"],
            &["a", "b", "c"],
            &["a", "a"],
            &["b a"],
            &[],
        ] {
            assert!(!two.matches(other.into(), None, false), "{other:?}");
        }
        assert!(!key(&["ab"], None, false).matches((&["a", "b"]).into(), None, false));
    }

    #[test]
    fn tenant_and_cae_are_part_of_the_key() {
        let plain = key(&["a"], None, false);
        assert!(!plain.matches("a".into(), None, true) && !plain.matches("a".into(), Some("t"), false));
        let other = key(&["a"], Some("T"), true);
        assert!(other.matches("a".into(), Some("t"), true) && !other.matches("a".into(), Some("u"), true));
        assert!(!other.matches("a".into(), None, true));
    }

    #[test]
    fn keys_and_requests_hash_alike() {
        let hasher = foldhash::fast::RandomState::default();
        let stored = key(&["x", "y"], Some("Tenant"), true).hash_with(&hasher);
        assert_eq!(
            stored,
            hash_request(&hasher, (&["y", "x"]).into(), Some("tenant"), true)
        );
        assert_ne!(stored, hash_request(&hasher, (&["y", "x"]).into(), None, true));
        assert_ne!(
            stored,
            hash_request(&hasher, (&["y", "x"]).into(), Some("tenant"), false)
        );
        assert_eq!(
            key(&["x"], None, false).hash_with(&hasher),
            hash_request(&hasher, "x".into(), None, false)
        );
    }
}
