//! What the emulator says about itself: one JSON document on one line.

use std::path::Path;

use identity_emulator::Emulator;
use serde_json::{Value, json};

use super::seed::{AppSeed, Seed, TenantSeed};

/// The description. Its secrets are those of the emulator's own applications.
pub(super) fn describe(emulator: &Emulator, seed: &Seed, ca_file: &Path) -> Value {
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
    })
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
