//! Microsoft Entra (Azure) credentials for every Rust program: one crate, a feature for each family.
//!
//! ```no_run
//! use entra_identity::{ClientSecretCredential, Error, TokenCredential};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let credential = ClientSecretCredential::new("contoso.com", "11111111-2222-3333-4444-555555555555", "the secret")?;
//!     let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
//!     println!("a token until {:?}", token.expires_on());
//!     // `token.header()` goes into an `Authorization` header; `token.secret()` is the token itself.
//!     Ok(())
//! }
//! ```
//!
//! # What to know
//!
//! - A credential is made without any I/O and without a runtime, is cheap to clone, and keeps its tokens: make one, share it, and call
//!   [`get_token`](TokenCredential::get_token) whenever a token is needed. A cached one costs no lock and no allocation.
//! - However many callers wait for the same token, one request is made. A token is refreshed in the background before it expires, and while it
//!   is usable no failure of the service reaches a caller.
//! - Code that only *takes* a credential takes `Arc<dyn TokenCredential>` and needs the crate `identity-base` alone.
//! - [`ClientOptions`] holds what all credentials can be told: authority, transport, proxy environment, clock, cache limits. Clones of one value share
//!   their connections.
//! - One [`Error`] type: [`kind`](Error::kind) says what to do about it, [`hint`](Error::hint) says it in words.
//!
//! Complete programs are in the folder `examples` of this crate: managed identity, a chain, a sign-in, scoped use, concurrent requests, errors with a fallback,
//! and the way from blocking code to async. Those with clients of Azure services, reqwest and axum are in the crate `identity-azure-core`.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `cache` | no | the token cache that outlives a process (crate `identity-cache`) |
//! | `chain` | yes | credentials made of credentials (crate `identity-chain`) |
//! | `confidential` | yes | credentials of services (crate `identity-confidential`): client secret, certificate, assertion, workload identity, pipelines, on-behalf-of, authorization code |
//! | `devtools` | yes | credentials of developer tools (crate `identity-devtools`): Azure CLI, Azure Developer CLI, Azure PowerShell, Visual Studio Code |
//! | `encrypted-pem` | no | private keys in PEM files that a password protects |
//! | `hyper` | yes | the built-in HTTP transport over hyper and rustls; without it give one to [`ClientOptions::with_transport`] |
//! | `http2` | no | HTTP/2 for the built-in transport |
//! | `interactive` | no | credentials of people (crate `identity-interactive`): browser, device code, user name and password, the shared token cache |
//! | `keyring` | no | the system's keyring for the token cache: Secret Service, Keychain, data protection |
//! | `managed` | yes | managed identity (crate `identity-managed`) |
//! | `pkcs12` | no | certificates in PKCS#12 (PFX) files |
//! | `serde` | no | reports of the diagnosis that can be serialised |
//!
//! The crates behind the features can be used directly as well; their types are the same.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use identity_base::*;
pub use identity_runtime::retry::RetryPolicy;
pub use identity_runtime::{BlockingCredential, CacheOptions, Cached, ClientOptions};

#[cfg(feature = "cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
pub use identity_cache::*;
#[cfg(feature = "chain")]
#[cfg_attr(docsrs, doc(cfg(feature = "chain")))]
pub use identity_chain::*;
#[cfg(feature = "confidential")]
#[cfg_attr(docsrs, doc(cfg(feature = "confidential")))]
pub use identity_confidential::*;
#[cfg(feature = "devtools")]
#[cfg_attr(docsrs, doc(cfg(feature = "devtools")))]
pub use identity_devtools::*;
#[cfg(feature = "interactive")]
#[cfg_attr(docsrs, doc(cfg(feature = "interactive")))]
pub use identity_interactive::*;
#[cfg(feature = "managed")]
#[cfg_attr(docsrs, doc(cfg(feature = "managed")))]
pub use identity_managed::*;
