//! What a caller asks for.

mod owned;

use std::time::Duration;

pub use self::owned::OwnedRequest;
use crate::{AccessToken, Error, Scopes};

/// A request for a token. It borrows everything and is cheap to make.
///
/// ```
/// use identity_base::TokenRequest;
/// let request = TokenRequest::new(&["https://graph.microsoft.com/.default"]).tenant_id("contoso.com").enable_cae(true);
/// assert_eq!(request.requested_tenant(), Some("contoso.com"));
/// ```
#[doc(alias = "TokenRequestOptions")]
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct TokenRequest<'a> {
    scopes: RequestScopes<'a>,
    claims: Option<&'a str>,
    tenant_id: Option<&'a str>,
    enable_cae: bool,
    min_remaining: Option<Duration>,
    deadline: Option<Duration>,
    rejected: Option<&'a AccessToken>,
    correlation_id: Option<&'a str>,
    within_chain: bool,
}

/// The scopes of a [`TokenRequest`], in whatever form the caller had them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RequestScopes<'a> {
    /// One scope.
    One(&'a str),
    /// A slice of texts.
    Strs(&'a [&'a str]),
    /// A slice of strings.
    Strings(&'a [String]),
    /// Scopes that are parsed already.
    Parsed(&'a Scopes),
}

impl<'a> RequestScopes<'a> {
    /// How many there are, duplicates included.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Strs(scopes) => scopes.len(),
            Self::Strings(scopes) => scopes.len(),
            Self::Parsed(scopes) => scopes.len(),
        }
    }

    /// Whether there is none, which is an error once a token is requested.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `test` with each scope in order until it says no; whether it never did.
    #[inline]
    pub fn all(&self, mut test: impl FnMut(&'a str) -> bool) -> bool {
        match *self {
            Self::One(scope) => test(scope),
            Self::Strs(scopes) => scopes.iter().all(|scope| test(scope)),
            Self::Strings(scopes) => scopes.iter().all(|scope| test(scope)),
            Self::Parsed(scopes) => scopes.iter().all(test),
        }
    }

    /// Checks the scopes and takes them over.
    ///
    /// # Errors
    /// As [`Scopes::parse`].
    pub fn to_scopes(&self) -> Result<Scopes, Error> {
        match *self {
            Self::One(scope) => Scopes::parse([scope]),
            Self::Strs(scopes) => Scopes::parse(scopes),
            Self::Strings(scopes) => Scopes::parse(scopes),
            Self::Parsed(scopes) => Ok(scopes.clone()),
        }
    }
}

impl<'a> TokenRequest<'a> {
    /// A request for `scopes`: a slice of `&str` or `String`, one `&str`, or parsed [`Scopes`].
    #[inline]
    pub fn new(scopes: impl Into<RequestScopes<'a>>) -> Self {
        Self {
            scopes: scopes.into(),
            claims: None,
            tenant_id: None,
            enable_cae: false,
            min_remaining: None,
            deadline: None,
            rejected: None,
            correlation_id: None,
            within_chain: false,
        }
    }

    /// Additional claims, as JSON, from a claims challenge. Cached tokens are then not used; the answer replaces them. An empty string means none.
    #[inline]
    pub fn claims(mut self, claims: &'a str) -> Self {
        self.claims = (!claims.is_empty()).then_some(claims);
        self
    }

    /// The tenant to ask, where it isn't the credential's own. An empty string means the credential's own.
    #[inline]
    pub fn tenant_id(mut self, tenant_id: &'a str) -> Self {
        self.tenant_id = (!tenant_id.is_empty()).then_some(tenant_id);
        self
    }

    /// Whether to ask for a token that takes part in continuous access evaluation. Such tokens are cached apart. Default: no.
    #[inline]
    pub fn enable_cae(mut self, enable: bool) -> Self {
        self.enable_cae = enable;
        self
    }

    /// How long the token must at least be valid, for work that takes long. Cached tokens with less are replaced. It can't be met when the service
    /// itself gives shorter tokens; the newest token is returned then.
    #[inline]
    pub fn min_remaining(mut self, at_least: Duration) -> Self {
        self.min_remaining = Some(at_least);
        self
    }

    /// How long this caller is ready to wait. It cuts the wait, not the request on the wire, whose result still serves others.
    #[inline]
    pub fn deadline(mut self, at_most: Duration) -> Self {
        self.deadline = Some(at_most);
        self
    }

    /// A token that a service rejected: it is fetched anew only if it is still the cached one, so a thousand callers that reject one token make one request.
    #[inline]
    pub fn rejected(mut self, token: &'a AccessToken) -> Self {
        self.rejected = Some(token);
        self
    }

    /// A correlation id (a GUID) to send along and to find in the service's logs. Default: a new one for each request on the wire.
    #[inline]
    pub fn correlation_id(mut self, id: &'a str) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// Whether other credentials wait to be tried when this one is not available. Default: no. Chains say yes while they choose, and no longer once they have
    /// chosen; a credential that wraps another one hands the request on as it is.
    ///
    /// A credential may then find out quickly whether it is set up at all: managed identity probes its endpoint for a second instead of asking with all its
    /// patience, and what answers in the endpoint's place counts as unavailable. Failures are logged as a matter of course (`DEBUG`), since the chain tells of
    /// them. Flights of callers within and without a chain are apart, so that nobody gets the other's failure.
    #[inline]
    pub fn within_chain(mut self, within_chain: bool) -> Self {
        self.within_chain = within_chain;
        self
    }

    /// The same request for other scopes.
    #[inline]
    pub fn with_scopes(mut self, scopes: impl Into<RequestScopes<'a>>) -> Self {
        self.scopes = scopes.into();
        self
    }

    /// The requested scopes.
    #[inline]
    #[must_use]
    pub fn scopes(&self) -> RequestScopes<'a> {
        self.scopes
    }

    /// The claims, if any.
    #[inline]
    #[must_use]
    pub fn requested_claims(&self) -> Option<&'a str> {
        self.claims
    }

    /// The tenant, if another than the credential's own was asked for.
    #[inline]
    #[must_use]
    pub fn requested_tenant(&self) -> Option<&'a str> {
        self.tenant_id
    }

    /// Whether CAE was asked for.
    #[inline]
    #[must_use]
    pub fn is_cae_enabled(&self) -> bool {
        self.enable_cae
    }

    /// The least remaining validity, if any.
    #[inline]
    #[must_use]
    pub fn requested_min_remaining(&self) -> Option<Duration> {
        self.min_remaining
    }

    /// The caller's deadline, if any.
    #[inline]
    #[must_use]
    pub fn requested_deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// The rejected token, if any.
    #[inline]
    #[must_use]
    pub fn rejected_token(&self) -> Option<&'a AccessToken> {
        self.rejected
    }

    /// The correlation id, if any.
    #[inline]
    #[must_use]
    pub fn requested_correlation_id(&self) -> Option<&'a str> {
        self.correlation_id
    }

    /// Whether other credentials wait to be tried.
    #[inline]
    #[must_use]
    pub fn is_within_chain(&self) -> bool {
        self.within_chain
    }

    /// Whether a cached token may answer without a closer look: no claims, no rejected token, no least validity.
    #[inline]
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.claims.is_none() && self.rejected.is_none() && self.min_remaining.is_none()
    }
}

impl<'a, S: Into<RequestScopes<'a>>> From<S> for TokenRequest<'a> {
    #[inline]
    fn from(scopes: S) -> Self {
        Self::new(scopes)
    }
}

impl<'a> From<&'a str> for RequestScopes<'a> {
    #[inline]
    fn from(scope: &'a str) -> Self {
        Self::One(scope)
    }
}

impl<'a> From<&'a [&'a str]> for RequestScopes<'a> {
    #[inline]
    fn from(scopes: &'a [&'a str]) -> Self {
        Self::Strs(scopes)
    }
}

impl<'a, const N: usize> From<&'a [&'a str; N]> for RequestScopes<'a> {
    #[inline]
    fn from(scopes: &'a [&'a str; N]) -> Self {
        Self::Strs(scopes)
    }
}

impl<'a> From<&'a [String]> for RequestScopes<'a> {
    #[inline]
    fn from(scopes: &'a [String]) -> Self {
        Self::Strings(scopes)
    }
}

impl<'a> From<&'a Vec<String>> for RequestScopes<'a> {
    #[inline]
    fn from(scopes: &'a Vec<String>) -> Self {
        Self::Strings(scopes)
    }
}

impl<'a> From<&'a Scopes> for RequestScopes<'a> {
    #[inline]
    fn from(scopes: &'a Scopes) -> Self {
        Self::Parsed(scopes)
    }
}
