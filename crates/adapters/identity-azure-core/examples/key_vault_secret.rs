//! A secret of a Key Vault, read by the official client with one of our credentials.
//!
//! `AZURE_KEYVAULT_URL=https://NAME.vault.azure.net SECRET_NAME=… cargo run --example key_vault_secret`, with what `DefaultAzureCredential` looks for. It
//! needs the role "Key Vault Secrets User".
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment and prints"
)]

use std::env;
use std::sync::Arc;

use azure_core::http::{ClientOptions as AzureOptions, Transport};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use entra_identity::{ClientOptions, DefaultAzureCredential};
use identity_azure_core::{ForAzureCore, TransportClient};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (vault, name) = (env::var("AZURE_KEYVAULT_URL")?, env::var("SECRET_NAME")?);
    let options = ClientOptions::new();
    let credential = DefaultAzureCredential::builder().with_options(&options).build()?;

    let client = SecretClient::new(
        &vault,
        ForAzureCore::new(Arc::new(credential)).into_shared(),
        Some(SecretClientOptions {
            client_options: AzureOptions {
                transport: Some(Transport::new(Arc::new(TransportClient::new(options.http())))),
                ..AzureOptions::default()
            },
            ..SecretClientOptions::default()
        }),
    )?;

    // The vault says which scope it wants, and the client asks the credential for it.
    let secret = client.get_secret(&name, None).await?.into_model()?;
    let value = secret.value.unwrap_or_default();
    println!("{name} has {} characters", value.chars().count());
    Ok(())
}
