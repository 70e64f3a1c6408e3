//! What the emulated directory holds: tenants, applications and the APIs that tokens are for.

mod app;
mod directory;
pub(crate) mod guid;
mod host;
mod resource;
mod tenant;

pub use app::App;
pub(crate) use app::{AppKind, SecretCheck};
pub(crate) use directory::{Directory, TenantMiss};
pub use host::{DEFAULT_IDENTITY_HEADER, DEFAULT_MSI_SECRET, ExpiresOn, Host, HostKind, ManagedIdentity};
pub(crate) use host::{HostState, Kept, Wish};
pub(crate) use resource::Audience;
pub use resource::{Resource, TokenVersion};
pub use tenant::Tenant;

/// Tenant id of [`Tenant::fixed`].
pub const DEFAULT_TENANT_ID: &str = "11111111-1111-1111-1111-111111111111";
/// Client id of [`App::fixed`].
pub const DEFAULT_CLIENT_ID: &str = "44444444-4444-4444-4444-444444444444";
/// Client secret of [`App::fixed`].
pub const DEFAULT_SECRET: &str = "emulator-secret";
