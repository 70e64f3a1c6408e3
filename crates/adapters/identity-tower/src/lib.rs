//! A tower layer that signs HTTP requests with Entra (Azure) tokens and answers claims challenges.
//!
//! [`AuthorizationLayer`] sets the `Authorization` header from a [`BearerTokenProvider`](identity_base::BearerTokenProvider). When the service answers
//! 401 with a claims challenge (continuous access evaluation), it gets a token with those claims and sends the request once more.
//!
//! ```
//! use std::convert::Infallible;
//! use http::{Request, Response};
//! use identity_base::BearerTokenProvider;
//! use identity_tower::AuthorizationLayer;
//! use tower_layer::Layer as _;
//! use tower_service::Service;
//!
//! /// `client` may be hyper's, tonic's channel, or whatever else is a tower service of HTTP.
//! fn signed<C>(client: C, provider: BearerTokenProvider) -> impl Service<Request<String>, Response = Response<String>>
//! where
//!     C: Service<Request<String>, Response = Response<String>, Error = Infallible> + Clone + Send + 'static,
//!     C::Future: Send,
//! {
//!     AuthorizationLayer::new(provider).layer(client)
//! }
//! ```
//!
//! The header's bytes are the token's own, marked sensitive: nothing is copied. A request that brings an `Authorization` header gets ours in its place.
//! Which hosts may see the token is the business of whoever builds the client: put the layer around a client of one service.
//!
//! A request whose URI says plain http is refused before a token is fetched, except to this machine
//! ([`allow_plain_http`](AuthorizationLayer::allow_plain_http)). One whose URI has no scheme passes: that is added further in, where this layer can't see it.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod layer;
mod service;

pub use error::AuthorizationError;
pub use identity_challenge::PlainHttpRefused;
pub use layer::AuthorizationLayer;
pub use service::{Authorization, AuthorizationFuture};
