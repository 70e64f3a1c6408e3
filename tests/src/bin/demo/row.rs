//! One credential: a cold token, cached ones, and what the service saw.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entra_identity::{
    ClientOptions, ClientSecretCredential, Error, ManagedIdentityCredential, TokenCredential,
};
use identity_emulator::{DEFAULT_SECRET, DeveloperTool, Emulator, HostKind};

use crate::promise::Promises;
use crate::{Result, signature, tools};

/// A credential, or why there is none.
pub(crate) type Made = std::result::Result<Arc<dyn TokenCredential>, Error>;

/// A credential of the demonstration.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is particular about it, where a credential has several rows.
    variant: &'static str,
    /// What it asks for.
    scope: &'static str,
    /// For whom the token has to be.
    audience: &'static str,
    /// Whose the token has to be: a client id.
    client: fn(&Emulator) -> Option<&str>,
    /// Makes it, pointed at the emulator.
    make: fn(&Emulator, &ClientOptions) -> Made,
}

/// A row for each credential.
pub(crate) const ROWS: &[Row] = &[
    Row {
        variant: "",
        scope: "https://vault.azure.net/.default",
        audience: "https://vault.azure.net",
        client: |emulator| Some(emulator.client_id()),
        make: client_secret,
    },
    Row {
        variant: " (virtual machine)",
        scope: "https://management.azure.com/.default",
        audience: "https://management.azure.com",
        client: identity,
        make: |emulator, options| managed_identity(emulator, options, HostKind::Imds),
    },
    Row {
        variant: " (App Service)",
        scope: "https://graph.microsoft.com/.default",
        audience: "https://graph.microsoft.com",
        client: identity,
        make: |emulator, options| managed_identity(emulator, options, HostKind::AppService),
    },
    Row {
        variant: " (Service Fabric)",
        scope: "https://vault.azure.net/.default",
        audience: "https://vault.azure.net",
        client: identity,
        make: |emulator, options| managed_identity(emulator, options, HostKind::ServiceFabric),
    },
    Row {
        variant: " (Azure ML)",
        scope: "https://storage.azure.com/.default",
        audience: "https://storage.azure.com",
        client: identity,
        make: |emulator, options| managed_identity(emulator, options, HostKind::AzureMl),
    },
    Row {
        variant: " (Cloud Shell)",
        scope: "https://management.azure.com/.default",
        audience: "https://management.azure.com",
        client: identity,
        make: |emulator, options| managed_identity(emulator, options, HostKind::CloudShell),
    },
    Row {
        variant: "",
        scope: "https://management.azure.com/.default",
        audience: "https://management.azure.com",
        client: identity,
        make: |emulator, options| tools::credential(emulator, options, DeveloperTool::AzureCli),
    },
    Row {
        variant: "",
        scope: "https://vault.azure.net/.default",
        audience: "https://vault.azure.net",
        client: identity,
        make: |emulator, options| tools::credential(emulator, options, DeveloperTool::AzureDeveloperCli),
    },
    Row {
        variant: "",
        scope: "https://storage.azure.com/.default",
        audience: "https://storage.azure.com",
        client: identity,
        make: |emulator, options| tools::credential(emulator, options, DeveloperTool::PowerShell),
    },
];

pub(crate) fn client_secret(emulator: &Emulator, options: &ClientOptions) -> Made {
    let credential =
        ClientSecretCredential::builder(emulator.tenant_id(), emulator.client_id(), DEFAULT_SECRET)
            .with_options(options)
            .build()?;
    Ok(Arc::new(credential))
}

/// On an emulated host of this kind: the credential sees the host's variables and not ours.
fn managed_identity(emulator: &Emulator, options: &ClientOptions, kind: HostKind) -> Made {
    let variables = emulator.host_environment(kind).into_iter();
    let variables: HashMap<String, String> =
        variables.map(|(name, value)| (name.to_owned(), value)).collect();
    let credential = ManagedIdentityCredential::builder()
        .with_options(&options.clone().with_env(Arc::new(variables)))
        .build()?;
    Ok(Arc::new(credential))
}

/// The emulated host's own identity.
fn identity(emulator: &Emulator) -> Option<&str> {
    Some(emulator.managed_identity("host")?.client_id_text())
}

/// How many cached tokens are taken.
const CACHED: u32 = 1_000;

/// What the table shows.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) credential: String,
    pub(crate) tenant: String,
    pub(crate) scope: &'static str,
    pub(crate) cold: Duration,
    pub(crate) cached: Duration,
    pub(crate) requests: usize,
}

/// Gets a token, gets it again from the cache, and checks it as an API would.
#[expect(clippy::disallowed_methods, reason = "real times are what is shown")]
pub(crate) async fn run(
    row: &Row,
    emulator: &Emulator,
    options: &ClientOptions,
    promises: &mut Promises,
) -> Result<Measured> {
    emulator.clear_requests();
    let credential = (row.make)(emulator, options)?;
    let name = format!("{}{}", credential.name(), row.variant);

    let start = Instant::now();
    let token = credential.get_token(&[row.scope]).await?;
    let cold = start.elapsed();

    let start = Instant::now();
    let mut same = true;
    for _ in 0..CACHED {
        let again = credential.get_token(&[row.scope]).await?;
        same &= again.is_same(&token);
    }
    let cached = start.elapsed() / CACHED;
    promises.check(format!("{name}: cached calls give the same token"), same);

    let requests = emulator.requests().count();
    promises.check(
        format!("{name}: {} calls, one request", CACHED + 1),
        requests == 1,
    );

    let claims = signature::verify(token.secret(), emulator, options).await?;
    let forged = signature::with_other_payload(token.secret());
    let refused = signature::verify(&forged, emulator, options).await.is_err();
    promises.check(
        format!("{name}: a token with another payload is refused"),
        refused,
    );
    let claim = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    promises.check(
        format!("{name}: for {}", row.audience),
        claim("aud") == Some(row.audience),
    );
    promises.check(
        format!("{name}: of the tenant"),
        claim("tid") == Some(emulator.tenant_id()),
    );
    let client = claim("appid").or_else(|| claim("azp"));
    promises.check(
        format!("{name}: of the client"),
        client.is_some() && client == (row.client)(emulator),
    );

    Ok(Measured {
        credential: name,
        tenant: emulator.tenant_id().to_owned(),
        scope: row.scope,
        cold,
        cached,
        requests,
    })
}
