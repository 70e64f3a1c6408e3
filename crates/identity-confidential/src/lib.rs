//! Entra (Azure) credentials of services: every way a program proves who it is without a person.
//!
//! | credential | proves itself by |
//! |---|---|
//! | [`ClientSecretCredential`] | a secret |
//! | [`CertificateCredential`] | a certificate's private key |
//! | [`ClientAssertionCredential`] | what a callback, or [another credential](FederatedIdentity), hands out |
//! | [`WorkloadIdentityCredential`] | the token of a Kubernetes service account |
//! | [`AzurePipelinesCredential`] | the id token of a service connection |
//! | [`GitHubActionsCredential`] | the id token of a workflow job |
//! | [`OnBehalfOfCredential`], [`OnBehalfOfCredentials`] | any of the first three, together with a user's token |
//! | [`AuthorizationCodeCredential`] | an authorization code, alone or with any of the first three |
//!
//! All of them cache tokens, share requests among callers and refresh in the background; all take a [`ClientOptions`] with the authority, the
//! transport and the rest.
//!
//! ```no_run
//! use identity_base::TokenCredential;
//! use identity_confidential::ClientSecretCredential;
//! # async fn example(secret: String) -> Result<(), identity_base::Error> {
//! let credential = ClientSecretCredential::new("contoso.com", "44444444-4444-4444-4444-444444444444", secret)?;
//! let token = credential.get_token(&["https://management.azure.com/.default"]).await?;
//! # Ok(()) }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod application;
mod authorization_code;
mod azure_pipelines;
mod client_assertion;
mod client_certificate;
mod client_credentials;
mod client_secret;
mod federated;
mod github_actions;
mod jwt;
#[cfg(feature = "cache")]
mod kept;
mod key;
mod oidc;
mod on_behalf_of;
mod proof;
mod region;
mod required;
mod workload;

pub use authorization_code::{AuthorizationCodeCredential, AuthorizationCodeCredentialBuilder};
pub use azure_pipelines::{AzurePipelinesCredential, AzurePipelinesCredentialBuilder};
pub use client_assertion::{ClientAssertionCredential, ClientAssertionCredentialBuilder};
pub use client_certificate::{CertificateCredential, CertificateCredentialBuilder};
pub use client_secret::{ClientSecretCredential, ClientSecretCredentialBuilder};
pub use federated::FederatedIdentity;
pub use github_actions::{GitHubActionsCredential, GitHubActionsCredentialBuilder};
#[cfg(feature = "cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
pub use identity_cache::{TokenCachePersistenceOptions, TokenCaches};
pub use identity_runtime::ClientOptions;
pub use identity_runtime::assertion::{AssertionContext, AssertionSource, ClientAssertion};
pub use key::{ClientCertificate, SignatureAlgorithm};
pub use on_behalf_of::{OnBehalfOfCredential, OnBehalfOfCredentialBuilder, OnBehalfOfCredentials};
pub use workload::{WorkloadIdentityCredential, WorkloadIdentityCredentialBuilder};

/// The examples of the front page have to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
