//! The layer.

use identity_base::BearerTokenProvider;
use tower_layer::Layer;

use crate::Authorization;

/// Wraps services in [`Authorization`]. Cheap to clone.
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthorizationLayer {
    provider: BearerTokenProvider,
    enable_cae: bool,
    allow_plain_http: bool,
}

impl AuthorizationLayer {
    /// Signs with the tokens of `provider`.
    pub const fn new(provider: BearerTokenProvider) -> Self {
        Self {
            provider,
            enable_cae: false,
            allow_plain_http: false,
        }
    }

    /// Whether to ask for tokens that take part in continuous access evaluation, which are valid for longer and may be revoked at any time. Default: no.
    /// Claims challenges are answered either way.
    pub const fn enable_cae(mut self, enable: bool) -> Self {
        self.enable_cae = enable;
        self
    }

    /// Whether tokens may go over plain http to other machines. Default: no; such a request fails before a token is fetched, except to `localhost`,
    /// 127.0.0.0/8 and `[::1]`.
    ///
    /// Whoever sees a request on its way over plain http can use its token, for everything that it is good for, until it expires. Say yes only when
    /// something else protects that way, a service mesh or a tunnel.
    ///
    /// A request whose URI has no scheme, because a layer further in adds it, is signed: nothing can be said about it here. Put this layer inside of that
    /// one, or see to it that what it adds is https.
    pub const fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }
}

impl<S> Layer<S> for AuthorizationLayer {
    type Service = Authorization<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorization::new(
            inner,
            self.provider.clone(),
            self.enable_cae,
            self.allow_plain_http,
        )
    }
}
