//! Lists a container.
//!
//! `cargo run --example list_blobs -- TENANT_ID CLIENT_ID ACCOUNT CONTAINER < file-with-the-secret`
//!
//! A program of yours switches on the `azure` feature of object_store, which brings its HTTP client with TLS.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use identity_base::{Secret, bearer_token_provider};
use identity_confidential::ClientSecretCredential;
use identity_object_store::{ForObjectStore, SCOPE};
use object_store_0_14::ObjectStore as _;
use object_store_0_14::azure::MicrosoftAzureBuilder;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [tenant, client, account, container] = args.as_slice() else {
        return Err("usage: list_blobs TENANT_ID CLIENT_ID ACCOUNT CONTAINER".into());
    };
    let secret = Secret::new(std::io::read_to_string(std::io::stdin())?.trim());
    let credential = ClientSecretCredential::new(tenant, client, secret)?;
    let provider = bearer_token_provider(Arc::new(credential), SCOPE)?;
    let store = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(container)
        .with_credentials(Arc::new(ForObjectStore::new(provider)))
        .build()?;
    let mut blobs = store.list(None);
    while let Some(blob) = blobs.try_next().await? {
        println!("{:>12}  {}", blob.size, blob.location);
    }
    Ok(())
}
