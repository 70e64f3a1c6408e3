//! The names of all environment variables that the credentials read.
//!
//! Every one is read through the [`Env`](identity_base::seam::Env) seam, and an empty value counts as unset.

/// The authority host, for example `login.microsoftonline.us`. Default: the public cloud.
pub const AZURE_AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
/// The tenant of the environment and workload identity credentials.
pub const AZURE_TENANT_ID: &str = "AZURE_TENANT_ID";
/// The client id of the environment and workload identity credentials, and of a user-assigned managed identity in the default chain.
pub const AZURE_CLIENT_ID: &str = "AZURE_CLIENT_ID";
/// The client secret of the environment credential. A secret.
pub const AZURE_CLIENT_SECRET: &str = "AZURE_CLIENT_SECRET";
/// The path of the environment credential's certificate, PEM or PKCS#12, with its private key.
pub const AZURE_CLIENT_CERTIFICATE_PATH: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
/// The password of that certificate file. A secret.
pub const AZURE_CLIENT_CERTIFICATE_PASSWORD: &str = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
/// Whether the certificate chain is sent along (`1` or `true`), for subject name and issuer authentication.
pub const AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: &str = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
/// The user of the environment credential and the shared token cache.
pub const AZURE_USERNAME: &str = "AZURE_USERNAME";
/// The password of the environment credential's user. A secret.
pub const AZURE_PASSWORD: &str = "AZURE_PASSWORD";
/// More tenants that a credential may be asked for, separated by `;`; `*` allows all.
pub const AZURE_ADDITIONALLY_ALLOWED_TENANTS: &str = "AZURE_ADDITIONALLY_ALLOWED_TENANTS";
/// A boolean: `1` or `true` makes credentials ignore a tenant that a request names.
pub const AZURE_IDENTITY_DISABLE_MULTITENANTAUTH: &str = "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH";
/// The region of a regional authority, or `tryautodetect`.
pub const AZURE_REGIONAL_AUTHORITY_NAME: &str = "AZURE_REGIONAL_AUTHORITY_NAME";
/// A region for confidential clients when [`AZURE_REGIONAL_AUTHORITY_NAME`] is unset.
pub const MSAL_FORCE_REGION: &str = "MSAL_FORCE_REGION";
/// The region that the platform tells.
pub const REGION_NAME: &str = "REGION_NAME";
/// Which credentials the default chain tries: `dev`, `prod`, or the name of one.
pub const AZURE_TOKEN_CREDENTIALS: &str = "AZURE_TOKEN_CREDENTIALS";
/// The path of the federated token file of workload identity.
pub const AZURE_FEDERATED_TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
/// The endpoint of the AKS identity-binding proxy.
pub const AZURE_KUBERNETES_TOKEN_PROXY: &str = "AZURE_KUBERNETES_TOKEN_PROXY";
/// The server name for that proxy's certificate.
pub const AZURE_KUBERNETES_SNI_NAME: &str = "AZURE_KUBERNETES_SNI_NAME";
/// The file with that proxy's roots, as PEM.
pub const AZURE_KUBERNETES_CA_FILE: &str = "AZURE_KUBERNETES_CA_FILE";
/// The roots themselves, as PEM.
pub const AZURE_KUBERNETES_CA_DATA: &str = "AZURE_KUBERNETES_CA_DATA";
/// Text that is added at the end of the `User-Agent` header.
pub const AZURE_HTTP_USER_AGENT: &str = "AZURE_HTTP_USER_AGENT";

/// The managed-identity endpoint of App Service, Service Fabric and Arc.
pub const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
/// The secret header for [`IDENTITY_ENDPOINT`]. A secret.
pub const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
/// The thumbprint of Service Fabric's certificate.
pub const IDENTITY_SERVER_THUMBPRINT: &str = "IDENTITY_SERVER_THUMBPRINT";
/// The Service Fabric API version.
pub const IDENTITY_API_VERSION: &str = "IDENTITY_API_VERSION";
/// The metadata endpoint of Azure Arc.
pub const IMDS_ENDPOINT: &str = "IMDS_ENDPOINT";
/// The managed-identity endpoint of Azure ML and Cloud Shell.
pub const MSI_ENDPOINT: &str = "MSI_ENDPOINT";
/// The secret for [`MSI_ENDPOINT`] in Azure ML. A secret.
pub const MSI_SECRET: &str = "MSI_SECRET";
/// The client id that Azure ML uses when none is given.
pub const DEFAULT_IDENTITY_CLIENT_ID: &str = "DEFAULT_IDENTITY_CLIENT_ID";
/// Replaces the address of the instance metadata service, for pod identity and tests.
pub const AZURE_POD_IDENTITY_AUTHORITY_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// The request URI of the Azure Pipelines OIDC endpoint.
pub const SYSTEM_OIDCREQUESTURI: &str = "SYSTEM_OIDCREQUESTURI";
/// The job's token in Azure Pipelines. A secret.
pub const SYSTEM_ACCESSTOKEN: &str = "SYSTEM_ACCESSTOKEN";
/// The client id of the pipeline's service connection, set by its tasks.
pub const AZURESUBSCRIPTION_CLIENT_ID: &str = "AZURESUBSCRIPTION_CLIENT_ID";
/// The tenant of the pipeline's service connection, set by its tasks.
pub const AZURESUBSCRIPTION_TENANT_ID: &str = "AZURESUBSCRIPTION_TENANT_ID";
/// The id of the pipeline's service connection, set by its tasks.
pub const AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: &str = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID";
/// The URL of the GitHub Actions OIDC endpoint.
pub const ACTIONS_ID_TOKEN_REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
/// The token for [`ACTIONS_ID_TOKEN_REQUEST_URL`]. A secret.
pub const ACTIONS_ID_TOKEN_REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// The user's home directory on Unix.
pub const HOME: &str = "HOME";
/// The user's home directory on Windows.
pub const USERPROFILE: &str = "USERPROFILE";
/// The user's local application data on Windows.
pub const LOCALAPPDATA: &str = "LOCALAPPDATA";
/// Where programs keep data for all users, on Windows.
pub const PROGRAM_DATA: &str = "ProgramData";
/// Where programs are installed, on Windows.
pub const PROGRAM_FILES: &str = "ProgramFiles";
/// Where programs are looked for.
pub const PATH: &str = "PATH";
/// The browsers to try, separated by `:`, on Unix.
pub const BROWSER: &str = "BROWSER";
/// Set in a graphical session (X11) on Unix.
pub const DISPLAY: &str = "DISPLAY";
/// Set in a graphical session (Wayland) on Unix.
pub const WAYLAND_DISPLAY: &str = "WAYLAND_DISPLAY";
/// Set inside the Windows Subsystem for Linux.
pub const WSL_DISTRO_NAME: &str = "WSL_DISTRO_NAME";

/// The variables whose values are secrets. They are never handed down to child processes.
pub const SECRETS: &[&str] = &[
    AZURE_CLIENT_SECRET,
    AZURE_CLIENT_CERTIFICATE_PASSWORD,
    AZURE_PASSWORD,
    IDENTITY_HEADER,
    MSI_SECRET,
    SYSTEM_ACCESSTOKEN,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN,
    // The library has them from the program; `entra` reads them from here.
    "AZURE_CLIENT_ASSERTION",
    "AZURE_USER_ASSERTION",
    "AZURE_AUTHORIZATION_CODE",
    "AZURE_CODE_VERIFIER",
];
