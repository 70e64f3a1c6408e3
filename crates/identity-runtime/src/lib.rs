//! What every Entra (Azure) credential is made of.
//!
//! A program seldom needs this crate directly; it takes a credential from one of the flow crates and, where the defaults don't fit, hands it
//! [`ClientOptions`]. Someone who **writes** a credential finds here the token engine, the client of the token endpoint, retries, and the real
//! implementations of the seams of [`identity_base::seam`].
//!
//! Nothing here does I/O in a constructor, and nothing needs a runtime before the first token is fetched.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cached;
pub mod crypto;
pub mod env_vars;
mod options;
pub mod os;
pub mod time;

pub use cached::{CacheOptions, Cached};
pub use options::ClientOptions;
