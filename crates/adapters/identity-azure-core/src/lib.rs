//! Entra (Azure) credentials of this project for clients of the official SDK, and the SDK's credentials for users of ours.
//!
//! | type | what it does |
//! |---|---|
//! | [`ForAzureCore`] | our credential as an `azure_core` `TokenCredential`, for any official client |
//! | [`FromAzureCore`] | a credential of the SDK as one of ours |
//! | [`ClaimsPolicy`] | answers claims challenges (continuous access evaluation) inside the request that was challenged |
//! | [`TransportClient`] | our HTTP transport as the SDK's `HttpClient`: one TLS stack and no reqwest |
//!
//! ```
//! use std::sync::Arc;
//! use azure_core::credentials::TokenCredential as AzureCredential;
//! use azure_core::http::{ClientOptions, Transport};
//! use identity_azure_core::{ClaimsPolicy, ForAzureCore, TransportClient};
//! use identity_base::{Error, TokenCredential};
//! use identity_transport::HyperTransport;
//!
//! /// What a blob client, for example, is made with.
//! fn parts(credential: Arc<dyn TokenCredential>) -> Result<(Arc<dyn AzureCredential>, ClientOptions), Error> {
//!     let claims = ClaimsPolicy::new(Arc::clone(&credential), &["https://storage.azure.com/.default"])?;
//!     let options = ClientOptions {
//!         per_try_policies: vec![Arc::new(claims)],
//!         transport: Some(Transport::new(Arc::new(TransportClient::new(Arc::new(HyperTransport::builder().build()))))),
//!         ..ClientOptions::default()
//!     };
//!     Ok((ForAzureCore::new(credential).enable_cae(true).into_shared(), options))
//! }
//! ```
//!
//! # Versions
//!
//! The requirement on `azure_core` takes its stable and its beta releases, because they can't share a dependency graph and some client libraries need the
//! one, some the other. None of its features is switched on.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod claims_policy;
mod error;
mod for_azure_core;
mod from_azure_core;
mod transport_client;

pub use claims_policy::ClaimsPolicy;
pub use for_azure_core::ForAzureCore;
pub use from_azure_core::FromAzureCore;
pub use identity_challenge::PlainHttpRefused;
pub use transport_client::TransportClient;

/// Compiles what the guide for users of the official crate shows.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/migration/from-azure_identity.md")]
struct FromAzureIdentity;
