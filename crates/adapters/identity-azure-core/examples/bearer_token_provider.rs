//! An HTTP client of your choice, here reqwest: credential and scope bound together, and an `Authorization` header for each request.
//!
//! `API_URL=https://… API_SCOPE=api://…/.default cargo run --example bearer_token_provider`, with what `DefaultAzureCredential` looks for, such as
//! `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment and prints"
)]

use std::env;
use std::sync::Arc;

use entra_identity::{BearerTokenProvider, DefaultAzureCredential, get_bearer_token_provider};
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, StatusCode};

type AnyError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let (url, scope) = (env::var("API_URL")?, env::var("API_SCOPE")?);
    let credential = Arc::new(DefaultAzureCredential::new()?);
    let provider = get_bearer_token_provider(credential, scope.as_str())?;

    // Needed only where reqwest is built without cryptography of its own (its feature `rustls-no-provider`), as it is here.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "the process has its cryptography already")?;
    let client = Client::new();

    for _ in 0..3 {
        println!("{}", get(&client, &provider, &url).await?);
    }
    Ok(())
}

/// One signed request. A token that the API no longer takes is replaced once, however many requests find that out together.
async fn get(client: &Client, provider: &BearerTokenProvider, url: &str) -> Result<String, AnyError> {
    let token = provider.token().await?;
    // The header is ready to use, and marked sensitive: `Debug` of the request doesn't show it.
    let send = |header| client.get(url).header(AUTHORIZATION, header).send();
    let mut response = send(token.header()).await?;
    if response.status() == StatusCode::UNAUTHORIZED {
        response = send(provider.replace(&token).await?.header()).await?;
    }
    Ok(response.error_for_status()?.text().await?)
}
