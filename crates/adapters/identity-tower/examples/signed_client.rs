//! A service that is signed by a credential. It stands in for a client of HTTP, and says whether the header arrived.
//!
//! `cargo run --example signed_client -- TENANT_ID CLIENT_ID < file-with-the-secret`

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use identity_base::{Secret, bearer_token_provider};
use identity_confidential::ClientSecretCredential;
use identity_tower::AuthorizationLayer;
use tower_layer::Layer as _;
use tower_service::Service;

#[derive(Clone)]
struct Client;

impl Service<Request<()>> for Client {
    type Response = Response<bool>;
    type Error = Infallible;
    type Future = Ready<Result<Response<bool>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Ok(Response::new(request.headers().contains_key(AUTHORIZATION))))
    }
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(tenant), Some(client)) = (args.next(), args.next()) else {
        return Err("usage: signed_client TENANT_ID CLIENT_ID".into());
    };
    let secret = Secret::new(std::io::read_to_string(std::io::stdin())?.trim());
    let credential = ClientSecretCredential::new(&tenant, &client, secret)?;
    let provider = bearer_token_provider(Arc::new(credential), "https://management.azure.com/.default")?;

    let mut client = AuthorizationLayer::new(provider).enable_cae(true).layer(Client);
    poll_fn(|cx| client.poll_ready(cx)).await?;
    let answer = client.call(Request::new(())).await?;
    println!("signed: {}", answer.body());
    Ok(())
}
