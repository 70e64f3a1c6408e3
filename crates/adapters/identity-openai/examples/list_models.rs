//! Lists the models of an Azure OpenAI resource.
//!
//! `cargo run --features async-openai --example list_models -- TENANT_ID CLIENT_ID https://NAME.openai.azure.com/openai/v1 < file-with-the-secret`
//!
//! A program of yours switches on one of async-openai's features for TLS; with `rustls-no-provider`, as here, it also has to set one up.

use std::sync::Arc;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use identity_base::{Secret, bearer_token_provider};
use identity_confidential::ClientSecretCredential;
use identity_openai::{COGNITIVE_SERVICES_SCOPE, http_service};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(tenant), Some(client), Some(url)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: list_models TENANT_ID CLIENT_ID URL".into());
    };
    let secret = Secret::new(std::io::read_to_string(std::io::stdin())?.trim());
    let credential = ClientSecretCredential::new(&tenant, &client, secret)?;
    let provider = bearer_token_provider(Arc::new(credential), COGNITIVE_SERVICES_SCOPE)?;

    adapter_testkit::install_ring();
    let config = OpenAIConfig::new().with_api_key("none").with_api_base(url);
    let service = http_service(provider, reqwest::Client::new());
    let client = Client::with_config(config).with_http_service(service);
    for model in client.models().list().await?.data {
        println!("{}", model.id);
    }
    Ok(())
}
