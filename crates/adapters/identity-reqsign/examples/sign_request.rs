//! Signs a request to a blob and shows its headers' names.
//!
//! `cargo run --example sign_request -- TENANT_ID CLIENT_ID URL < file-with-the-secret`

use std::sync::Arc;

use http::Request;
use identity_base::{Secret, bearer_token_provider};
use identity_confidential::ClientSecretCredential;
use identity_reqsign::{ForReqsign, SCOPE};
use reqsign_azure_storage::RequestSigner;
use reqsign_core::{Context, Signer};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(tenant), Some(client), Some(url)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: sign_request TENANT_ID CLIENT_ID URL".into());
    };
    let secret = Secret::new(std::io::read_to_string(std::io::stdin())?.trim());
    let credential = ClientSecretCredential::new(&tenant, &client, secret)?;
    let provider = bearer_token_provider(Arc::new(credential), SCOPE)?;

    let signer = Signer::new(Context::new(), ForReqsign::new(provider), RequestSigner::new());
    let (mut parts, ()) = Request::get(url).body(())?.into_parts();
    signer.sign(&mut parts, None).await?;
    for name in parts.headers.keys() {
        println!("{name}");
    }
    Ok(())
}
