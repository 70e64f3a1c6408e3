//! The SDK's pipeline, signed by one of our credentials, over our transport, and with claims challenges answered.
//!
//! `cargo run --example official_client -- TENANT_ID CLIENT_ID URL < file-with-the-secret`

use std::sync::Arc;

use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{ClientOptions, Context, Method, Pipeline, Request, Transport};
use identity_azure_core::{ClaimsPolicy, ForAzureCore, TransportClient};
use identity_base::{Secret, TokenCredential};
use identity_confidential::ClientSecretCredential;
use identity_transport::HyperTransport;

const SCOPE: &str = "https://management.azure.com/.default";

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(tenant), Some(client), Some(url)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: official_client TENANT_ID CLIENT_ID URL".into());
    };
    let secret = Secret::new(std::io::read_to_string(std::io::stdin())?.trim());
    let credential: Arc<dyn TokenCredential> =
        Arc::new(ClientSecretCredential::new(&tenant, &client, secret)?);

    let claims = ClaimsPolicy::new(Arc::clone(&credential), SCOPE)?;
    let transport = TransportClient::new(Arc::new(HyperTransport::builder().build()));
    let options = ClientOptions {
        per_try_policies: vec![Arc::new(claims)],
        transport: Some(Transport::new(Arc::new(transport))),
        ..ClientOptions::default()
    };

    // A client library does this part by itself, given the credential and the options.
    let credential = ForAzureCore::new(credential).enable_cae(true).into_shared();
    let authorize: Arc<dyn Policy> = Arc::new(BearerTokenAuthorizationPolicy::new(credential, [SCOPE]));
    let pipeline = Pipeline::new(
        Some("example"),
        Some("0.1.0"),
        options,
        vec![],
        vec![authorize],
        None,
    );
    let mut request = Request::new(url.parse()?, Method::Get);
    let answer = pipeline.send(&Context::new(), &mut request, None).await?;
    println!("{}", answer.status());
    Ok(())
}
