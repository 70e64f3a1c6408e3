//! Where client assertions come from.

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use identity_base::{BoxFuture, ClientId, Error, Secret, TenantId};

use crate::entra::ClockSkew;

/// Makes client assertions: signed JWTs by which an application proves who it is.
///
/// Plain closures become one with the functions of [`AssertionSource`].
pub trait ClientAssertion: fmt::Debug + Send + Sync {
    /// An assertion for the request that `context` describes.
    fn assertion<'a>(&'a self, context: &'a AssertionContext) -> BoxFuture<'a, Result<Secret, Error>>;

    /// A number that changes when the assertions come from something else: another certificate, another file.
    fn generation(&self) -> u64 {
        0
    }
}

/// The request that an assertion is for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssertionContext {
    /// The tenant that is asked.
    pub tenant: TenantId,
    /// The application.
    pub client_id: ClientId,
    /// The token endpoint, which is also the assertion's audience.
    pub token_endpoint: String,
    /// Whether the service refused the last assertion for its time: one that was kept must not be used again.
    pub renew: bool,
    /// How far the service's clock is from ours, when it said so while it refused.
    pub skew: Option<ClockSkew>,
}

impl AssertionContext {
    /// A context.
    #[must_use]
    pub const fn new(tenant: TenantId, client_id: ClientId, token_endpoint: String) -> Self {
        Self {
            tenant,
            client_id,
            token_endpoint,
            renew: false,
            skew: None,
        }
    }

    /// The same request again, after its assertion was refused for its time.
    #[must_use]
    pub const fn renewed(mut self, skew: Option<ClockSkew>) -> Self {
        self.renew = true;
        self.skew = skew;
        self
    }
}

/// A source of client assertions, cheap to clone.
///
/// ```
/// use identity_base::{Error, Secret};
/// use identity_runtime::assertion::AssertionSource;
///
/// async fn ask_vault(path: String) -> Result<Secret, Error> {
///     Ok(Secret::new(format!("assertion from {path}")))
/// }
///
/// let ready_made = AssertionSource::from_fn(|| Ok(Secret::new("eyJ…")));
/// let from_vault = AssertionSource::from_async_fn(|| ask_vault("identity/app".to_owned()));
/// let by_tenant = AssertionSource::from_async_fn_with(|context| ask_vault(context.tenant.to_string()));
/// ```
#[derive(Clone)]
pub struct AssertionSource(Arc<dyn ClientAssertion>);

impl AssertionSource {
    /// Takes an implementation over.
    #[must_use]
    pub fn new(source: impl ClientAssertion + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// Takes a closure that has its assertion at hand. It must not block.
    #[must_use]
    pub fn from_fn(function: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static) -> Self {
        Self::new(Function(move |_: &AssertionContext| ready(function())))
    }

    /// Takes a closure that has its assertion at hand and wants to know the request. It must not block.
    #[must_use]
    pub fn from_fn_with(
        function: impl Fn(&AssertionContext) -> Result<Secret, Error> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Function(move |context: &AssertionContext| {
            ready(function(context))
        }))
    }

    /// Takes an async closure.
    #[must_use]
    pub fn from_async_fn<F, R>(function: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Secret, Error>> + Send + 'static,
    {
        Self::new(Function(move |_: &AssertionContext| function()))
    }

    /// Takes an async closure that wants to know the request.
    #[must_use]
    pub fn from_async_fn_with<F, R>(function: F) -> Self
    where
        F: Fn(AssertionContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Secret, Error>> + Send + 'static,
    {
        Self::new(Function(move |context: &AssertionContext| {
            function(context.clone())
        }))
    }

    /// An assertion for the request that `context` describes.
    ///
    /// # Errors
    /// Whatever the source fails with; [`ErrorKind::AuthenticationFailed`](identity_base::ErrorKind::AuthenticationFailed) when the assertion is empty.
    pub async fn assertion(&self, context: &AssertionContext) -> Result<Secret, Error> {
        let assertion = self.0.assertion(context).await?;
        match assertion.is_empty() {
            true => Err(Error::new(
                identity_base::ErrorKind::AuthenticationFailed,
                "the client assertion is empty",
            )
            .with_hint("check what the assertion's source returned")),
            false => Ok(assertion),
        }
    }

    /// A number that changes when the assertions come from something else.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation()
    }
}

impl fmt::Debug for AssertionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AssertionSource").field(&self.0).finish()
    }
}

/// A closure.
struct Function<F>(F);

impl<F, R> ClientAssertion for Function<F>
where
    F: Fn(&AssertionContext) -> R + Send + Sync,
    R: Future<Output = Result<Secret, Error>> + Send + 'static,
{
    fn assertion<'a>(&'a self, context: &'a AssertionContext) -> BoxFuture<'a, Result<Secret, Error>> {
        Box::pin((self.0)(context))
    }
}

impl<F> fmt::Debug for Function<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    fn context() -> AssertionContext {
        AssertionContext::new(
            TenantId::parse("t").unwrap(),
            ClientId::parse("c").unwrap(),
            "https://h/t".to_owned(),
        )
    }

    fn assertion(source: &AssertionSource) -> Result<String, Error> {
        let context = context();
        let mut future = std::pin::pin!(source.assertion(&context));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.map(|assertion| assertion.expose().to_owned()),
            Poll::Pending => panic!("nothing here waits"),
        }
    }

    #[test]
    fn all_four_kinds_of_closures_work() {
        for source in [
            AssertionSource::from_fn(|| Ok("t@c".into())),
            AssertionSource::from_fn_with(|context| {
                Ok(format!("{}@{}", context.tenant, context.client_id).into())
            }),
            AssertionSource::from_async_fn(|| async { Ok("t@c".into()) }),
            AssertionSource::from_async_fn_with(|context| async move {
                Ok(format!("{}@{}", context.tenant, context.client_id).into())
            }),
        ] {
            assert_eq!(assertion(&source).unwrap(), "t@c");
            assert_eq!(format!("{source:?}"), "AssertionSource(Function)");
            assert_eq!(source.generation(), 0);
        }
    }

    #[test]
    fn failures_and_empty_assertions_are_errors() {
        let failing = AssertionSource::from_fn(|| Err(Error::unavailable("no")));
        assert!(assertion(&failing).unwrap_err().is_unavailable());
        let empty = AssertionSource::from_fn(|| Ok("".into()));
        assert_eq!(
            assertion(&empty).unwrap_err().message(),
            "the client assertion is empty"
        );
    }

    #[test]
    fn a_renewed_context_says_so() {
        assert!(!context().renew);
        let renewed = context().renewed(None);
        assert!(renewed.renew && renewed.skew.is_none());
    }
}
