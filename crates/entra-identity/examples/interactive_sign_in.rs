//! A person signs in, in the browser, and is remembered: the next run doesn't ask again.
//!
//! `cargo run --features interactive --example interactive_sign_in`. `AZURE_TENANT_ID` chooses the tenant; without it any work account will do.
//! `SIGN_IN_RECORD` is the file that says who signed in; there is no secret in it.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment and files, and prints"
)]

use std::{env, fs};

use entra_identity::{
    AuthenticationRecord, InteractiveBrowserCredential, TokenCachePersistenceOptions, TokenCredential,
};

const SCOPES: &[&str] = &["https://graph.microsoft.com/User.Read"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let record_file = env::var("SIGN_IN_RECORD").unwrap_or_else(|_| "sign-in.json".to_owned());

    // Refresh tokens are kept by the system's keyring (with the feature `keyring`), or, where there is none, in a file that only its owner can read.
    let kept = TokenCachePersistenceOptions::new()
        .with_name("sign-in-example")
        .with_allow_unencrypted_storage(true);
    let mut builder = InteractiveBrowserCredential::builder().with_cache_persistence(kept);
    if let Ok(tenant) = env::var("AZURE_TENANT_ID") {
        builder = builder.with_tenant_id(tenant);
    }

    let credential = if let Ok(record) = fs::read_to_string(&record_file) {
        let record = AuthenticationRecord::deserialize(&record)?;
        println!("welcome back, {}", record.username());
        builder.with_authentication_record(record).build()?
    } else {
        let credential = builder.build()?;
        let record = credential.authenticate(SCOPES).await?;
        fs::write(&record_file, record.serialize())?;
        println!("signed in as {}", record.username());
        credential
    };

    // Without the browser as long as the sign-in lasts, and with it again when it has ended.
    let token = credential.get_token(SCOPES).await?;
    println!("got a {} token for Microsoft Graph", token.token_type());
    credential.close().await;
    Ok(())
}
