//! Credentials made of credentials.
//!
//! | credential | what it does |
//! |---|---|
//! | [`ChainedTokenCredential`] | tries its members in order and keeps to the first that works |
//!
//! A chain goes on past a member that is unavailable: not set up here, or needing a person. It stops at one that was refused, because trying another identity
//! then would hide the mistake.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod chained;

pub use chained::{ChainBuilder, ChainedTokenCredential};
