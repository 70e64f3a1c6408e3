//! A token of the machine's own identity: no secret in the program and none in its configuration.
//!
//! On a machine, container or app of Azure: `cargo run --example managed_identity`. `AZURE_CLIENT_ID` chooses a user-assigned identity; without it the
//! host's own is asked for.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment and prints"
)]

use entra_identity::{Error, ManagedIdentityCredential, TokenCredential, UserAssignedId};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut builder = ManagedIdentityCredential::builder();
    if let Ok(client_id) = std::env::var("AZURE_CLIENT_ID") {
        builder = builder.with_user_assigned(UserAssignedId::client_id(&client_id)?);
    }
    let credential = builder.build()?;
    println!("asking {}", credential.detect().await.source().id());

    let token = credential
        .get_token(&["https://vault.azure.net/.default"])
        .await?;
    println!("got a {} token", token.token_type());

    // The second time there is nothing to ask: the credential keeps its tokens and refreshes them before they expire.
    let again = credential
        .get_token(&["https://vault.azure.net/.default"])
        .await?;
    println!("the same one again: {}", token.is_same(&again));
    Ok(())
}
