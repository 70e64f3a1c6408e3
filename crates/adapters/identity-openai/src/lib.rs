//! Entra (Azure) tokens for Azure OpenAI and Foundry.
//!
//! | feature | items |
//! |---|---|
//! | `async-openai` | `AuthorizationLayer`, `http_service`, `PlainHttpRefused` |
//! | `genai` | `auth_resolver`, `https_only` |
//!
//! ```
//! # #[cfg(feature = "async-openai")]
//! # mod example {
//! use std::sync::Arc;
//! use async_openai::Client;
//! use async_openai::config::OpenAIConfig;
//! use identity_base::{Error, TokenCredential, bearer_token_provider};
//! use identity_openai::{COGNITIVE_SERVICES_SCOPE, http_service};
//!
//! fn client(credential: Arc<dyn TokenCredential>) -> Result<Client<OpenAIConfig>, Error> {
//!     let provider = bearer_token_provider(credential, COGNITIVE_SERVICES_SCOPE)?;
//!     // The key is never sent, but has to be something.
//!     let config = OpenAIConfig::new().with_api_key("none").with_api_base("https://name.openai.azure.com/openai/v1");
//!     Ok(Client::with_config(config).with_http_service(http_service(provider, reqwest::Client::new())))
//! }
//! # }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "async-openai")]
mod authorization;
#[cfg(feature = "genai")]
mod resolver;

#[cfg(feature = "async-openai")]
pub use authorization::{Authorization, AuthorizationLayer, HttpService, http_service};
#[cfg(feature = "async-openai")]
pub use identity_challenge::PlainHttpRefused;
#[cfg(feature = "genai")]
pub use resolver::{auth_resolver, https_only};

/// The scope of Azure OpenAI and the other Azure AI services, as resources of their own.
pub const COGNITIVE_SERVICES_SCOPE: &str = "https://cognitiveservices.azure.com/.default";
/// The scope of Foundry projects.
pub const FOUNDRY_SCOPE: &str = "https://ai.azure.com/.default";
