//! A credential for the time of one piece of work: closed at its end, tokens wiped, whatever came of it.
//!
//! With `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`: `cargo run --example scoped_use`.
#![expect(clippy::print_stdout, reason = "a program prints")]

use entra_identity::{DefaultAzureCredential, Error, TokenCredential, scoped};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let credential = DefaultAzureCredential::new()?;
    let kept = credential.clone();

    let token_type = scoped(credential, async |credential| {
        let token = credential
            .get_token(&["https://management.azure.com/.default"])
            .await?;
        // … what the token is for …
        Ok::<_, Error>(token.token_type())
    })
    .await?;
    println!("got a {token_type} token");

    // Closing is for all clones. A program that goes on keeps its credential open instead: dropping the last clone closes it too.
    let late = kept.get_token(&["https://management.azure.com/.default"]).await;
    println!("closed: {}", late.is_err_and(|error| error.is_closed()));
    Ok(())
}
