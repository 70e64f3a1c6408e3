//! The token cache that outlives a process, in the document that MSAL and azure-identity for Python share.
//!
//! | | |
//! |---|---|
//! | [`Document`] | accounts, refresh tokens and access tokens, and the rules by which they are found and added |
//! | [`TokenCache`] | a document in memory or on disk: [`read`](TokenCache::read) looks, [`update`](TokenCache::update) is one transaction |
//! | [`TokenCaches`] | the caches of a credential: with and without Continuous Access Evaluation, and that of older tools |
//! | [`TokenCachePersistenceOptions`] | which cache, and whether it may be kept without encryption |
//! | [`AuthenticationRecord`] | which account signed in: no secret, to be kept by the program |
//!
//! A cache that can't be read or written never stops a program: it counts as empty, says so once in the log, and [`TokenCache::status`] tells.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cache;
mod caches;
pub mod document;
mod environment;
pub mod flow;
mod options;
mod record;
mod store;

pub use cache::{CacheStatus, StoreKind, TokenCache};
pub use caches::TokenCaches;
pub use document::Document;
pub use environment::Environment;
pub use options::TokenCachePersistenceOptions;
pub use record::AuthenticationRecord;
pub use store::SealingKey;

/// The examples of the README are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
