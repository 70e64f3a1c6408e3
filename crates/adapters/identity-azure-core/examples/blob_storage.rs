//! A blob, written and read back by the official client, which takes its tokens from one of our credentials and its connections from our transport.
//!
//! `BLOB_ENDPOINT=https://ACCOUNT.blob.core.windows.net cargo run --example blob_storage`, with what `DefaultAzureCredential` looks for: variables of a
//! service principal, a managed identity, or an account of `az login`. It needs the role "Storage Blob Data Contributor".
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment and prints"
)]

use std::env;
use std::sync::Arc;

use azure_core::http::{ClientOptions as AzureOptions, RequestContent, Transport};
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use entra_identity::{ClientOptions, DefaultAzureCredential, TokenCredential};
use identity_azure_core::{ClaimsPolicy, ForAzureCore, TransportClient};

const SCOPE: &str = "https://storage.azure.com/.default";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint = env::var("BLOB_ENDPOINT")?;
    let options = ClientOptions::new();
    let credential: Arc<dyn TokenCredential> =
        Arc::new(DefaultAzureCredential::builder().with_options(&options).build()?);

    // A token that is revoked before its time (continuous access evaluation) is replaced within the request that finds it out.
    let claims = ClaimsPolicy::new(Arc::clone(&credential), SCOPE)?;
    let service = BlobServiceClient::new(
        endpoint.parse()?,
        Some(ForAzureCore::new(credential).enable_cae(true).into_shared()),
        Some(BlobServiceClientOptions {
            client_options: AzureOptions {
                per_try_policies: vec![Arc::new(claims)],
                // One TLS stack, one proxy setting and one set of roots for tokens and blobs.
                transport: Some(Transport::new(Arc::new(TransportClient::new(options.http())))),
                ..AzureOptions::default()
            },
            ..BlobServiceClientOptions::default()
        }),
    )?;

    let container = service.blob_container_client("greetings");
    container.create(None).await?;
    let blob = container.blob_client("hello.txt");
    blob.upload(RequestContent::from(b"hello from Rust".to_vec()), None)
        .await?;
    let read = blob.download(None).await?.body.collect().await?;
    println!("{}", String::from_utf8_lossy(&read));
    Ok(())
}
