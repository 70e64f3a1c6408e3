//! Gets one token with a client secret of ours, then ends: what is started, weighed and built beside the official crate's.

use std::error::Error;

use entra_identity::{Authority, ClientOptions, ClientSecretCredential, TokenCredential};

fn main() -> Result<(), Box<dyn Error>> {
    let options = ClientOptions::default()
        .with_authority(Authority::parse(&std::env::var("BENCH_AUTHORITY")?)?)
        .with_disable_instance_discovery(true);
    let credential = ClientSecretCredential::builder(
        &std::env::var("BENCH_TENANT")?,
        &std::env::var("BENCH_CLIENT")?,
        std::env::var("BENCH_SECRET")?,
    )
    .with_options(&options)
    .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let token = runtime.block_on(credential.get_token(&["https://management.azure.com/.default"]))?;
    println!("token {}", token.secret().len());
    Ok(())
}
