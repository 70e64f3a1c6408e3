//! What the emulated directory holds: tenants, applications and the APIs that tokens are for.

mod app;
mod certificate;
mod ci;
mod directory;
mod federated;
pub(crate) mod guid;
mod host;
mod resource;
mod tenant;
mod user;

pub use app::App;
pub(crate) use app::{AppKind, SecretCheck};
pub(crate) use certificate::{RegisteredCertificate, hex};
pub use ci::{
    CiHost, DEFAULT_GITHUB_REQUEST_TOKEN, DEFAULT_SERVICE_CONNECTION_ID, DEFAULT_SYSTEM_ACCESS_TOKEN,
};
pub(crate) use ci::{GITHUB_ISSUER, PIPELINES_ISSUER};
pub(crate) use directory::{Directory, TenantMiss};
pub use federated::FederatedCredential;
pub(crate) use federated::{CLUSTER_ISSUER, FederatedMiss, TOKEN_EXCHANGE, service_account_subject};
pub use host::{DEFAULT_IDENTITY_HEADER, DEFAULT_MSI_SECRET, ExpiresOn, Host, HostKind, ManagedIdentity};
pub(crate) use host::{HostState, Kept, Wish};
pub(crate) use resource::Audience;
pub use resource::{Resource, TokenVersion};
pub use tenant::Tenant;
pub(crate) use user::PasswordCheck;
pub use user::User;

/// Tenant id of [`Tenant::fixed`].
pub const DEFAULT_TENANT_ID: &str = "11111111-1111-1111-1111-111111111111";
/// Client id of [`App::fixed`].
pub const DEFAULT_CLIENT_ID: &str = "44444444-4444-4444-4444-444444444444";
/// Client secret of [`App::fixed`].
pub const DEFAULT_SECRET: &str = "emulator-secret";
