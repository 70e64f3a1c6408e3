//! Entra (Azure) credentials for reqsign, and so for OpenDAL.
//!
//! ```
//! use std::sync::Arc;
//! use identity_base::{Error, TokenCredential, bearer_token_provider};
//! use identity_reqsign::{ForReqsign, SCOPE};
//! use reqsign_azure_storage::{Credential, RequestSigner};
//! use reqsign_core::{Context, ProvideCredentialChain, Signer};
//!
//! /// For a program that signs its requests itself.
//! fn signer(credential: Arc<dyn TokenCredential>) -> Result<Signer<Credential>, Error> {
//!     let provider = bearer_token_provider(credential, SCOPE)?;
//!     Ok(Signer::new(Context::new(), ForReqsign::new(provider), RequestSigner::new()))
//! }
//!
//! /// What OpenDAL's `Azblob::credential_provider_chain` takes.
//! fn chain(credential: Arc<dyn TokenCredential>) -> Result<ProvideCredentialChain<Credential>, Error> {
//!     let provider = bearer_token_provider(credential, SCOPE)?;
//!     Ok(ProvideCredentialChain::new().push(ForReqsign::new(provider)))
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod for_reqsign;

pub use for_reqsign::{ForReqsign, SCOPE};
