//! Entra (Azure) tokens for reqwest clients, and reqwest as the transport of the credentials.
//!
//! | feature | type | what it does |
//! |---|---|---|
//! | `middleware` (default) | `Authorization` | signs the requests of a client of reqwest-middleware, and answers claims challenges |
//! | `transport` | `ReqwestTransport` | carries the credentials' own requests |
//!
//! ```
//! # #[cfg(feature = "middleware")]
//! # mod example {
//! use std::sync::Arc;
//! use identity_base::{Error, TokenCredential, bearer_token_provider};
//! use identity_reqwest::Authorization;
//! use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
//!
//! fn client(credential: Arc<dyn TokenCredential>, client: reqwest::Client) -> Result<ClientWithMiddleware, Error> {
//!     let provider = bearer_token_provider(credential, "https://management.azure.com/.default")?;
//!     Ok(ClientBuilder::new(client).with(Authorization::new(provider).enable_cae(true)).build())
//! }
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "middleware")]
mod authorization;
#[cfg(feature = "transport")]
mod transport;

#[cfg(feature = "middleware")]
pub use authorization::Authorization;
#[cfg(feature = "middleware")]
pub use identity_challenge::PlainHttpRefused;
#[cfg(feature = "transport")]
pub use transport::ReqwestTransport;
