//! What every Entra (Azure) credential is made of.
//!
//! A program seldom needs this crate directly; it takes a credential from one of the flow crates and, where the defaults don't fit, hands it
//! [`ClientOptions`]. Someone who **writes** a credential finds here the token engine, the client of the token endpoint, retries, and the real
//! implementations of the seams of [`identity_base::seam`].
//!
//! Nothing here does I/O in a constructor, and nothing needs a runtime before the first token is fetched.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod aadsts;
pub mod assertion;
mod blocking;
mod cached;
pub mod crypto;
pub mod discovery;
pub mod entra;
pub mod env_vars;
mod federated_file;
mod http_date;
pub mod json;
mod options;
pub mod os;
pub mod retry;
mod tenant;
pub mod time;
pub mod trace;

pub use blocking::BlockingCredential;
pub use cached::{CacheOptions, Cached};
pub use federated_file::FederatedTokenFile;
pub use options::ClientOptions;
pub use tenant::TenantPolicy;
