//! Entra (Azure) credentials for the `object_store` crate.
//!
//! [`ForObjectStore`] goes into `MicrosoftAzureBuilder::with_credentials`, in place of whatever else the store could sign in with.
//!
//! ```
//! # #[cfg(feature = "object_store_0_14")]
//! # mod example {
//! use std::sync::Arc;
//! use identity_base::{Error, TokenCredential, bearer_token_provider};
//! use identity_object_store::{ForObjectStore, SCOPE};
//! use object_store_0_14::azure::MicrosoftAzureBuilder;
//!
//! fn builder(credential: Arc<dyn TokenCredential>) -> Result<MicrosoftAzureBuilder, Error> {
//!     let provider = bearer_token_provider(credential, SCOPE)?;
//!     Ok(MicrosoftAzureBuilder::new()
//!         .with_account("account")
//!         .with_container_name("container")
//!         .with_credentials(Arc::new(ForObjectStore::new(provider))))
//! }
//! # }
//! ```
//!
//! # Versions
//!
//! The features `object_store_0_14` (on by default) and `object_store_0_13` say for which versions of object_store it is a provider; both may be on.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod converted;
mod for_object_store;
#[cfg(feature = "object_store_0_13")]
mod v0_13;
#[cfg(feature = "object_store_0_14")]
mod v0_14;

pub use for_object_store::{ForObjectStore, SCOPE};
