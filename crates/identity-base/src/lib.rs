//! The contract of the Entra (Azure) credential crates.
//!
//! A library that needs tokens takes an `Arc<dyn TokenCredential>` and depends on this crate alone. A program picks a credential from one
//! of the flow crates, or from the umbrella crate `entra-identity`, and hands it over.
//!
//! ```
//! use std::sync::Arc;
//! use identity_base::{Error, TokenCredential};
//!
//! async fn call_vault(credential: Arc<dyn TokenCredential>) -> Result<(), Error> {
//!     let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
//!     let _authorization = token.header(); // `Bearer …`, marked sensitive
//!     Ok(())
//! }
//! ```
//!
//! # Writing a credential of your own
//!
//! Either return a [`TokenFuture`] from [`TokenCredential::get_token_with`], or implement [`FetchToken`] with a plain `async fn` and wrap
//! it in `Cached` of the `identity-runtime` crate, which adds the token cache, single flight and background refresh.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use identity_base::{AccessToken, TokenCredential, TokenFuture, TokenRequest};
//!
//! /// Hands out one token that somebody else obtained.
//! #[derive(Debug)]
//! struct StaticToken(AccessToken);
//!
//! impl TokenCredential for StaticToken {
//!     fn get_token_with(&self, _request: TokenRequest<'_>) -> TokenFuture<'_> {
//!         TokenFuture::ready(Ok(self.0.clone()))
//!     }
//!     fn name(&self) -> &'static str {
//!         "StaticToken"
//!     }
//! }
//!
//! let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
//! let credential = StaticToken(AccessToken::new("eyJ0eXAi", in_an_hour)?);
//! assert!(credential.get_token(&["api://orders/.default"]).try_now().is_ok());
//! # Ok::<(), identity_base::Error>(())
//! ```
//!
//! # What this crate does not do
//!
//! No I/O, no async runtime, no HTTP stack, no cryptography and no serde. The seams in [`seam`] are traits; their real implementations are in
//! `identity-runtime` and `identity-transport`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authority;
mod client_id;
mod credential;
mod error;
mod fetch;
mod future;
mod handle;
mod observer;
mod provider;
mod request;
mod scoped;
mod scopes;
pub mod seam;
mod secret;
mod tenant;
mod token;

pub use authority::{Authority, Cloud};
pub use client_id::ClientId;
pub use credential::TokenCredential;
pub use error::{Attempt, Error, ErrorKind, Foreign, Report};
pub use fetch::{CacheIdentity, Expiry, FetchPolicy, FetchToken, Fetched, KeyBuilder};
pub use future::{BoxFuture, CloseFuture, TokenFuture};
pub use handle::{HandleSource, TokenHandle};
pub use observer::{Event, EventKind, Observer};
pub use provider::{BearerTokenProvider, TokenStream, bearer_token_provider, get_bearer_token_provider};
pub use request::{OwnedRequest, RequestScopes, TokenRequest};
pub use scoped::scoped;
pub use scopes::Scopes;
pub use secret::Secret;
pub use tenant::TenantId;
pub use token::AccessToken;
