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
}

impl AuthorizationLayer {
    /// Signs with the tokens of `provider`.
    pub const fn new(provider: BearerTokenProvider) -> Self {
        Self {
            provider,
            enable_cae: false,
        }
    }

    /// Whether to ask for tokens that take part in continuous access evaluation, which are valid for longer and may be revoked at any time. Default: no.
    /// Claims challenges are answered either way.
    pub const fn enable_cae(mut self, enable: bool) -> Self {
        self.enable_cae = enable;
        self
    }
}

impl<S> Layer<S> for AuthorizationLayer {
    type Service = Authorization<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorization::new(inner, self.provider.clone(), self.enable_cae)
    }
}
