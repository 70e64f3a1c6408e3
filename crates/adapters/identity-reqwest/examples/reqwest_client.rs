//! A reqwest client whose requests are signed.
//!
//! `cargo run --example reqwest_client -- TENANT_ID CLIENT_ID URL < file-with-the-secret`
//!
//! A program of yours switches on one of reqwest's features for TLS; with `rustls-no-provider`, as here, it also has to set one up.

use std::sync::Arc;

use identity_base::{Secret, bearer_token_provider};
use identity_confidential::ClientSecretCredential;
use identity_reqwest::Authorization;
use reqwest_middleware::ClientBuilder;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(tenant), Some(client), Some(url)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: reqwest_client TENANT_ID CLIENT_ID URL".into());
    };
    let secret = Secret::new(std::io::read_to_string(std::io::stdin())?.trim());
    let credential = ClientSecretCredential::new(&tenant, &client, secret)?;
    let provider = bearer_token_provider(Arc::new(credential), "https://management.azure.com/.default")?;

    adapter_testkit::install_ring();
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(Authorization::new(provider).enable_cae(true))
        .build();
    println!("{}", client.get(url).send().await?.status());
    Ok(())
}
