//! A web service: one credential for all requests, shared as state, and closed when the service has shut down.
//!
//! `AZURE_KEYVAULT_URL=https://NAME.vault.azure.net LISTEN=127.0.0.1:3000 cargo run --example web_service`, then
//! `curl http://127.0.0.1:3000/secrets/NAME`. Ctrl-C ends it, and so does SIGTERM: requests that have begun are answered first.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program reads its environment and prints"
)]

use std::env;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use azure_core::http::{ClientOptions as AzureOptions, Transport};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};
use entra_identity::{ClientOptions, DefaultAzureCredential, TokenCredential};
use identity_azure_core::{ForAzureCore, TransportClient};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vault = env::var("AZURE_KEYVAULT_URL")?;
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());

    let options = ClientOptions::new();
    let credential: Arc<dyn TokenCredential> =
        Arc::new(DefaultAzureCredential::builder().with_options(&options).build()?);
    let client = SecretClient::new(
        &vault,
        ForAzureCore::new(Arc::clone(&credential)).into_shared(),
        Some(SecretClientOptions {
            client_options: AzureOptions {
                transport: Some(Transport::new(Arc::new(TransportClient::new(options.http())))),
                ..AzureOptions::default()
            },
            ..SecretClientOptions::default()
        }),
    )?;
    let app = Router::new()
        .route("/secrets/{name}", get(has_secret))
        .with_state(Arc::new(client));

    let listener = TcpListener::bind(listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(shutdown())
        .await?;

    // Nobody asks for tokens any more: end what is under way, wipe what is kept.
    credential.close().await;
    println!("closed");
    Ok(())
}

/// Whether the vault has a secret, without showing it.
async fn has_secret(
    State(client): State<Arc<SecretClient>>,
    Path(name): Path<String>,
) -> Result<String, StatusCode> {
    match client.get_secret(&name, None).await {
        Ok(_) => Ok(format!("{name}: there is one\n")),
        Err(error) if error.http_status() == Some(azure_core::http::StatusCode::NotFound) => {
            Err(StatusCode::NOT_FOUND)
        }
        Err(error) => {
            // For the log, not for the caller.
            eprintln!("{error}");
            Err(StatusCode::BAD_GATEWAY)
        }
    }
}

/// Comes when the service has to end.
async fn shutdown() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    // A failure to listen for the signal ends the service rather than leave it without an end.
    drop(tokio::signal::ctrl_c().await);
}
