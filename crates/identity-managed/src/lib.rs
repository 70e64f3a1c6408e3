//! The managed identity of an Azure host as a credential.
//!
//! [`ManagedIdentityCredential`] finds out from the environment where the program runs and asks there:
//!
//! | source | how it is found | how an identity is selected |
//! |---|---|---|
//! | Service Fabric | `IDENTITY_ENDPOINT`, `IDENTITY_HEADER`, `IDENTITY_SERVER_THUMBPRINT` | by the application's manifest |
//! | App Service, Functions, Container Apps | `IDENTITY_ENDPOINT`, `IDENTITY_HEADER` | client id, object id, resource id |
//! | Azure ML, App Service 2017-09-01 | `MSI_ENDPOINT`, `MSI_SECRET` | client id |
//! | Cloud Shell | `MSI_ENDPOINT` | it is the signed-in person |
//! | Azure Arc | `IDENTITY_ENDPOINT`, `IMDS_ENDPOINT`, or the agent's program | client id, object id, resource id |
//! | AKS token exchange | `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_TENANT_ID`, `AZURE_AUTHORITY_HOST` | client id, else `AZURE_CLIENT_ID` |
//! | IMDS | nothing of that | client id, object id, resource id |
//!
//! They are looked for in this order, and a variable that is empty counts as unset. An identity that a source can't select is refused when the credential is
//! made; one that an endpoint answers for although another one was asked for is an
//! [`IdentityMismatch`](identity_base::ErrorKind::IdentityMismatch), and no token is given out.
//!
//! On a shared host another user can listen on the port of Azure Arc's agent while the agent is down. Whoever does gets to name a key file, and with that
//! nothing: only a plain name in the agent's own directory is taken, and the content goes back to the same port. But it could then give a token of its own choice, as
//! any local impostor could; keep the agent running.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod credential;
mod detect;
mod endpoint;
mod exchange;
mod fetch;
mod platform;
mod refusal;
mod source;
mod sources;
#[cfg(test)]
mod testing;
mod user_assigned;

pub use credential::{ManagedIdentityCredential, ManagedIdentityCredentialBuilder};
pub use detect::{Considered, Detection};
pub use source::ManagedIdentitySource;
pub use user_assigned::{ObjectId, ResourceId, UserAssignedId};

/// The credential's name in errors, logs and reports.
const NAME: &str = "ManagedIdentityCredential";
