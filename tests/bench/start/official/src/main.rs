//! Gets one token with the official crate's client secret, then ends.

use std::error::Error;
use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::ClientOptions;
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut custom = CustomConfiguration::default();
    custom.authority_host = std::env::var("BENCH_AUTHORITY")?;
    let options = ClientSecretCredentialOptions {
        client_options: ClientOptions {
            cloud: Some(Arc::new(CloudConfiguration::Custom(custom))),
            ..Default::default()
        },
    };
    let credential = ClientSecretCredential::new(
        &std::env::var("BENCH_TENANT")?,
        std::env::var("BENCH_CLIENT")?,
        Secret::new(std::env::var("BENCH_SECRET")?),
        Some(options),
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let token = runtime.block_on(credential.get_token(&["https://management.azure.com/.default"], None))?;
    println!("token {}", token.token.secret().len());
    Ok(())
}
