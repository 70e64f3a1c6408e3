//! What to do about an error, and a fallback: what the machine has, and if it has nothing, a person with a code to type.
//!
//! `cargo run --features interactive --example error_handling`. `AZURE_TENANT_ID` chooses the tenant of the person.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program reads its environment and prints"
)]

use std::process::ExitCode;

use entra_identity::{
    AccessToken, DefaultAzureCredential, DeviceCodeCredential, Error, ErrorKind, Report, TokenCredential,
};

const SCOPES: &[&str] = &["https://graph.microsoft.com/User.Read"];

#[tokio::main]
async fn main() -> ExitCode {
    match token().await {
        Ok(token) => {
            println!("got a {} token", token.token_type());
            ExitCode::SUCCESS
        }
        Err(error) => {
            explain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn token() -> Result<AccessToken, Error> {
    let error = match DefaultAzureCredential::new()?.get_token(SCOPES).await {
        Ok(token) => return Ok(token),
        Err(error) => error,
    };
    // Unavailable means that nothing on this machine could even try. Any other failure is of a credential that is set up and refused: a fallback would hide it.
    if !error.is_unavailable() {
        return Err(error);
    }
    println!("no credential on this machine; please sign in");
    let mut builder = DeviceCodeCredential::builder().with_prompt(|prompt| println!("{}", prompt.message()));
    if let Ok(tenant) = std::env::var("AZURE_TENANT_ID") {
        builder = builder.with_tenant_id(tenant);
    }
    builder.build()?.get_token(SCOPES).await
}

fn explain(error: &Error) {
    // The error and its causes, one a line.
    eprintln!("{}", Report::new(error));
    match error.kind() {
        ErrorKind::AuthenticationRequired => eprintln!("somebody has to sign in for {:?}", error.scopes()),
        ErrorKind::AuthenticationFailed => {
            eprintln!("Entra said no, AADSTS{}", error.aadsts().unwrap_or_default())
        }
        ErrorKind::Throttled => eprintln!("try again after {:?}", error.retry_after()),
        kind if kind.is_transient() => eprintln!("it may work later"),
        _ => {}
    }
    if let Some(hint) = error.hint() {
        eprintln!("{hint}");
    }
    if let Some(id) = error.correlation_id() {
        eprintln!("when you ask for support, name {id}");
    }
}
