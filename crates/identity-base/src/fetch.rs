//! What a flow implements: fetching, without caching.

use std::fmt;
use std::future::Future;
use std::time::{Duration, SystemTime};

use crate::{Error, OwnedRequest, Secret};

/// Fetches tokens; the token engine (`Cached` of `identity-runtime`) adds cache, single flight and refresh.
///
/// A plain `async fn fetch` satisfies the trait:
///
/// ```
/// use std::time::Duration;
/// use identity_base::{Error, FetchToken, Fetched, KeyBuilder, OwnedRequest};
///
/// #[derive(Debug)]
/// struct VaultAgent { role: String }
///
/// impl FetchToken for VaultAgent {
///     fn name(&self) -> &'static str { "VaultAgent" }
///     fn cache_identity(&self, key: &mut KeyBuilder) {
///         key.field("role", &self.role);
///     }
///     async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
///         let _ = request.scopes();
///         Ok(Fetched::new("a-token", Duration::from_secs(3600)))
///     }
/// }
/// ```
pub trait FetchToken: fmt::Debug + Send + Sync + 'static {
    /// The credential's type name, for errors and logs.
    fn name(&self) -> &'static str;

    /// Adds every field that decides whose token comes back: cloud, tenant, client id, grant, credential identity, account. Never a secret itself.
    fn cache_identity(&self, key: &mut KeyBuilder);

    /// Fetches a token from its source.
    ///
    /// The future must not assume that it is polled to the end: at the total deadline it is dropped. It runs at most once at a time for a key.
    fn fetch(&self, request: &OwnedRequest) -> impl Future<Output = Result<Fetched, Error>> + Send;

    /// Decides which tenant `requested` leads to: `Ok(None)` for the credential's own, `Ok(Some(t))` for another one, or an error when that isn't allowed.
    ///
    /// The default takes any tenant and keeps its tokens apart.
    ///
    /// # Errors
    /// [`ErrorKind::AuthenticationFailed`](crate::ErrorKind::AuthenticationFailed) for a tenant that isn't allowed,
    /// [`ErrorKind::InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration) for one that can't be.
    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        Ok(Some(requested.to_owned()))
    }

    /// How the engine should treat fetches of this kind.
    fn policy(&self) -> FetchPolicy {
        FetchPolicy::default()
    }

    /// A number that changes when the secret, certificate, file or account behind this source changes; remembered failures of another generation are forgotten.
    fn generation(&self) -> u64 {
        0
    }

    /// Called once when the credential is closed: kill children, flush files.
    fn close(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// How the token engine treats the fetches of one credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchPolicy {
    /// The longest a fetch may take in all, retries included. Default: 30 s.
    pub total: Duration,
    /// Whether the grant can be used once only (an authorization code, a device code): such a fetch is never begun anew elsewhere. Default: no.
    pub single_use: bool,
    /// Whether a failure is remembered for a short time, so that a loop of callers doesn't become a loop of requests. Default: yes. Interactive flows say no.
    pub negative_cache: bool,
    /// Whether somebody has to wait for it: when the last caller leaves, such a fetch is dropped at once instead of finished for the cache. Default: no.
    /// Flows that wait for a person, and those that run a program, say yes.
    pub attended: bool,
}

impl FetchPolicy {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            total: Duration::from_secs(30),
            single_use: false,
            negative_cache: true,
            attended: false,
        }
    }

    /// Sets the total time.
    #[must_use]
    pub const fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Marks a grant that can be used once only.
    #[must_use]
    pub const fn with_single_use(mut self, single_use: bool) -> Self {
        self.single_use = single_use;
        self
    }

    /// Sets whether failures are remembered.
    #[must_use]
    pub const fn with_negative_cache(mut self, negative_cache: bool) -> Self {
        self.negative_cache = negative_cache;
        self
    }

    /// Sets whether a fetch ends when nobody waits for it any more.
    #[must_use]
    pub const fn with_attended(mut self, attended: bool) -> Self {
        self.attended = attended;
        self
    }
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// What a fetch brought back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fetched {
    /// The token.
    pub token: Secret,
    /// How long it is valid.
    pub expiry: Expiry,
    /// After how long, or from when, a refresh is advised, if the service said so.
    pub refresh: Option<Expiry>,
}

/// A point in time, given by a service either relative to its answer or absolutely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// So long after the request was sent.
    In(Duration),
    /// At this time.
    At(SystemTime),
}

impl Fetched {
    /// A token valid for `expires_in` from the moment the fetch began.
    pub fn new(token: impl Into<Secret>, expires_in: Duration) -> Self {
        Self {
            token: token.into(),
            expiry: Expiry::In(expires_in),
            refresh: None,
        }
    }

    /// A token valid until `expires_on`.
    pub fn expiring_at(token: impl Into<Secret>, expires_on: SystemTime) -> Self {
        Self {
            token: token.into(),
            expiry: Expiry::At(expires_on),
            refresh: None,
        }
    }

    /// Advises a refresh after `refresh_in`.
    #[must_use]
    pub const fn refresh_in(mut self, refresh_in: Duration) -> Self {
        self.refresh = Some(Expiry::In(refresh_in));
        self
    }

    /// Advises a refresh from `refresh_on`.
    #[must_use]
    pub const fn refresh_at(mut self, refresh_on: SystemTime) -> Self {
        self.refresh = Some(Expiry::At(refresh_on));
        self
    }
}

/// Collects the fields of a [`CacheIdentity`].
#[derive(Debug, Default)]
pub struct KeyBuilder(Vec<u8>);

impl KeyBuilder {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field. Name and value are length-prefixed, so no two different lists of fields give the same bytes.
    pub fn field(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Self {
        for part in [name.as_bytes(), value.as_ref()] {
            self.0.extend_from_slice(&(part.len() as u64).to_le_bytes());
            self.0.extend_from_slice(part);
        }
        self
    }

    /// The finished identity.
    #[must_use]
    pub fn finish(self) -> CacheIdentity {
        CacheIdentity(self.0.into())
    }
}

/// Whose tokens a cache holds: cloud, tenant, client, grant and account in an unambiguous form. Stores that several credentials share use it (hashed) as a key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CacheIdentity(Box<[u8]>);

impl CacheIdentity {
    /// The unambiguous bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for CacheIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheIdentity")
            .field("bytes", &self.0.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_inside_fields_do_not_confuse_identities() {
        let identity = |fields: &[(&str, &str)]| {
            let mut key = KeyBuilder::new();
            for (name, value) in fields {
                key.field(name, value);
            }
            key.finish()
        };
        assert_ne!(identity(&[("a", "bc")]), identity(&[("ab", "c")]));
        assert_ne!(identity(&[("a", "b"), ("c", "d")]), identity(&[("a", "bcd")]));
        assert_ne!(identity(&[("a", ""), ("b", "")]), identity(&[("a", "b")]));
        assert_eq!(identity(&[("a", "b")]), identity(&[("a", "b")]));
    }
}
