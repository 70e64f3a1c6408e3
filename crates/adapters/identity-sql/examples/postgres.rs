//! Signs in to a PostgreSQL server on this machine with a token. For one in Azure, put a TLS connector in place of `NoTls`.
//!
//! `cargo run --features tokio-postgres --example postgres -- TENANT_ID CLIENT_ID USER < file-with-the-secret`

use std::sync::Arc;

use identity_base::{Secret, bearer_token_provider};
use identity_confidential::ClientSecretCredential;
use identity_sql::{POSTGRES_SCOPE, postgres_config};
use tokio_postgres::{Config, NoTls};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(tenant), Some(client), Some(user)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: postgres TENANT_ID CLIENT_ID USER".into());
    };
    let secret = Secret::new(std::io::read_to_string(std::io::stdin())?.trim());
    let credential = ClientSecretCredential::new(&tenant, &client, secret)?;
    let provider = bearer_token_provider(Arc::new(credential), POSTGRES_SCOPE)?;

    let mut config = Config::new();
    config.host("localhost").user(user).dbname("postgres");
    let (client, connection) = postgres_config(&provider, &config).await?.connect(NoTls).await?;
    let running = tokio::spawn(connection);
    let row = client.query_one("SELECT current_user::text", &[]).await?;
    println!("signed in as {}", row.get::<_, String>(0));
    drop(client);
    running.await??;
    Ok(())
}
