//! Entra (Azure) credentials of people: a person signs in, and the program gets tokens that act for that person.
//!
//! | credential | the person |
//! |---|---|
//! | [`InteractiveBrowserCredential`] | signs in with the system's browser |
//! | [`DeviceCodeCredential`] | signs in on another device, by a code that the program shows |
//! | [`UsernamePasswordCredential`] | gave the program a password (deprecated) |
//! | [`SharedTokenCacheCredential`] | signed in earlier, with any program that shares the token cache |
//!
//! [`SilentRedeemer`] gets tokens for any account of a cache, for credentials that find the account elsewhere.
//!
//! A person signs in once. Further scopes, tenants and renewals are served by the refresh token that comes along, without another prompt; where one is
//! needed and [not wanted](DeviceCodeCredentialBuilder::with_disable_automatic_authentication), the error is
//! [`AuthenticationRequired`](identity_base::ErrorKind::AuthenticationRequired) and says for which scopes and claims.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod application;
mod browser;
mod credential;
mod device_code;
mod id_token;
mod redeemer;
mod shared_cache;
mod sign_in;
mod silent;
mod username_password;

#[cfg(fuzzing)]
#[doc(hidden)]
pub use browser::fuzzing;
pub use browser::{InteractiveBrowserCredential, InteractiveBrowserCredentialBuilder, SignInPrompt};
pub use device_code::{DeviceCodeCredential, DeviceCodeCredentialBuilder, DeviceCodePrompt};
pub use identity_cache::{AuthenticationRecord, TokenCachePersistenceOptions, TokenCaches};
pub use identity_runtime::ClientOptions;
pub use redeemer::SilentRedeemer;
pub use shared_cache::{SharedTokenCacheCredential, SharedTokenCacheCredentialBuilder};
pub use username_password::{UsernamePasswordCredential, UsernamePasswordCredentialBuilder};

/// The examples of the front page have to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
