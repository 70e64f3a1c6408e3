//! A program on one flow crate alone, with its default features: everything up to the first request, which needs a
//! runtime that this program does not have.
#![expect(clippy::print_stdout, reason = "a program that says that it worked")]

use std::error::Error;
use std::task::{Context, Poll, Waker};

use identity_base::{ErrorKind, TokenCredential};
use identity_confidential::ClientSecretCredential;

const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
const SECRET: &str = "a secret that nobody may see";

fn main() -> Result<(), Box<dyn Error>> {
    let credential = ClientSecretCredential::new("contoso.onmicrosoft.com", CLIENT, SECRET)?;
    assert_eq!(credential.name(), "ClientSecretCredential");
    assert!(!format!("{credential:?}").contains(SECRET));

    let Err(malformed) = ClientSecretCredential::new("contoso/../other", CLIENT, SECRET) else {
        return Err("a malformed tenant was accepted".into());
    };
    assert_eq!(malformed.kind(), ErrorKind::InvalidConfiguration);

    let mut future = credential.get_token(&["https://vault.azure.net/.default"]);
    match std::pin::pin!(&mut future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}"),
        other => return Err(format!("without a runtime: {other:?}").into()),
    }

    println!("flow-alone: a credential without a runtime says so");
    Ok(())
}
