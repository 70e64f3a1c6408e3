//! Credentials made of credentials.
//!
//! | credential | what it does |
//! |---|---|
//! | [`ChainedTokenCredential`] | tries its members in order and keeps to the first that works |
//! | [`DefaultAzureCredential`] | the chain that fits most programs, deployed and on a developer's machine |
//! | [`EnvironmentCredential`] | signs in whom environment variables name |
//!
//! A chain goes on past a member that is unavailable: not set up here, or needing a person. It stops at one that was refused, because trying another identity
//! then would hide the mistake.
//!
//! When nothing works, or something else than was meant, `credential.diagnose(scope).await` gives a [`Report`](diagnosis::Report): each member with what it found, what it was
//! answered and what to do; see [`Diagnosis`](diagnosis::Diagnosis).
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `confidential` | yes | the environment's application, workload identity |
//! | `devtools` | yes | Azure CLI, Azure PowerShell, Azure Developer CLI |
//! | `hyper` | yes | the built-in HTTP transport |
//! | `interactive` | yes | browser, user name and password, the shared token cache, Visual Studio Code |
//! | `managed` | yes | managed identity |
//! | `serde` | no | a [`Report`](diagnosis::Report) that can be serialised |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod chained;
mod default_azure;
pub mod diagnosis;
mod environment;
#[cfg(feature = "confidential")]
mod late;
mod wish;

pub use chained::{ChainBuilder, ChainedTokenCredential};
pub use default_azure::{DefaultAzureCredential, DefaultAzureCredentialBuilder, DefaultMember};
pub use environment::{EnvironmentCredential, EnvironmentCredentialBuilder};

/// The examples of the front page have to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
