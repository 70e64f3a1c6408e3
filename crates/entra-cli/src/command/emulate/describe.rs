//! What the emulator says about itself: one JSON document on one line.

use std::path::Path;

use identity_emulator::{Emulator, HostKind};
use serde_json::{Map, Value, json};

use super::seed::{AppSeed, Seed, TenantSeed};

/// The description. Its secrets are those of the emulator's own applications.
/// `arc` says whether Azure Arc has a directory for its keys.
pub(super) fn describe(emulator: &Emulator, seed: &Seed, ca_file: &Path, arc: bool) -> Value {
    let tenants: Vec<_> = seed.tenants.iter().map(|each| tenant(emulator, each)).collect();
    let mut apps = seed
        .tenants
        .iter()
        .flat_map(|tenant| tenant.apps.iter().map(move |app| (tenant, app)));
    let first = apps.find(|(_, app)| !app.secrets.is_empty());
    json!({
        "authority": emulator.authority(),
        "port": emulator.address().port(),
        "admin": emulator.plain_url(),
        "ca_pem": emulator.ca_pem(),
        "ca_file": ca_file.to_string_lossy(),
        "tenant_id": first.and_then(|(tenant, _)| tenant_id(emulator, tenant)),
        "client_id": first.and_then(|(_, app)| client_id(emulator, app)),
        "client_secret": first.and_then(|(_, app)| app.secrets.first()),
        "tenants": tenants,
        "hosts": hosts(emulator, arc),
    })
}

/// For each kind of Azure host the variables that it sets for its programs.
fn hosts(emulator: &Emulator, arc: bool) -> Value {
    let kinds = [
        ("imds", HostKind::Imds),
        ("app-service", HostKind::AppService),
        ("azure-ml", HostKind::AzureMl),
        ("cloud-shell", HostKind::CloudShell),
        ("service-fabric", HostKind::ServiceFabric),
        ("azure-arc", HostKind::AzureArc),
    ];
    let variables = |kind| -> Map<String, Value> {
        let variables = emulator.host_environment(kind).into_iter();
        variables
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect()
    };
    kinds
        .into_iter()
        .filter(|(_, kind)| arc || *kind != HostKind::AzureArc)
        .map(|(name, kind)| (name.to_owned(), variables(kind).into()))
        .collect::<Map<_, _>>()
        .into()
}

fn tenant(emulator: &Emulator, tenant: &TenantSeed) -> Value {
    let apps: Vec<_> = tenant
        .apps
        .iter()
        .map(|app| {
            json!({
                "name": app.name,
                "client_id": client_id(emulator, app),
                "client_secrets": app.secrets,
            })
        })
        .collect();
    json!({
        "name": tenant.name,
        "id": tenant_id(emulator, tenant),
        "domains": tenant.domains,
        "apps": apps,
    })
}

/// The id in the seed, else the one that the emulator derived from the name.
fn tenant_id(emulator: &Emulator, tenant: &TenantSeed) -> Option<String> {
    let derived = || emulator.tenant_id_of(&tenant.name).map(str::to_owned);
    tenant.id.clone().or_else(derived)
}

fn client_id(emulator: &Emulator, app: &AppSeed) -> Option<String> {
    let derived = || emulator.client_id_of(&app.name).map(str::to_owned);
    app.client_id.clone().or_else(derived)
}
