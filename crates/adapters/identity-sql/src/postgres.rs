//! tokio-postgres.

use identity_base::{BearerTokenProvider, Error};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::host::is_local;

/// `config` with a fresh token as the password, for one connection that is opened soon.
///
/// Unless all its hosts are this machine, encryption is required, so that a connection without it fails (`SslMode::Require`; what the certificate has to be is
/// up to the TLS connector).
///
/// # Errors
/// The credential's.
pub async fn postgres_config(provider: &BearerTokenProvider, config: &Config) -> Result<Config, Error> {
    let token = provider.token().await?;
    let mut config = config.clone();
    config.password(token.secret());
    if !stays_here(&config) && matches!(config.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
        config.ssl_mode(SslMode::Require);
    }
    Ok(config)
}

fn stays_here(config: &Config) -> bool {
    // Where there are addresses, names serve for certificates alone.
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses
            .iter()
            .all(|address| address.to_canonical().is_loopback());
    }
    let local = |host: &Host| match host {
        Host::Tcp(name) => is_local(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(local)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use identity_base::{AccessToken, TokenCredential, TokenFuture, TokenRequest, bearer_token_provider};

    use super::*;

    #[derive(Debug)]
    struct Fixed;

    impl TokenCredential for Fixed {
        fn get_token_with(&self, _: TokenRequest<'_>) -> TokenFuture<'_> {
            TokenFuture::ready(AccessToken::from_parts(&"token".into(), i64::MAX, None))
        }
        fn name(&self) -> &'static str {
            "Fixed"
        }
    }

    #[tokio::test]
    async fn a_token_leaves_the_machine_encrypted() {
        let provider = bearer_token_provider(Arc::new(Fixed), crate::POSTGRES_SCOPE).unwrap();
        for (text, mode) in [
            ("host=localhost", SslMode::Prefer),
            ("host=127.0.0.1 sslmode=disable", SslMode::Disable),
            ("host=name.postgres.database.azure.com", SslMode::Require),
            ("host=localhost,name.test sslmode=disable", SslMode::Require),
            ("host=localhost hostaddr=10.0.0.1", SslMode::Require),
            ("host=name.test hostaddr=127.0.0.1", SslMode::Prefer),
            ("host=/run/postgresql", SslMode::Prefer),
        ] {
            let config = postgres_config(&provider, &text.parse().unwrap()).await.unwrap();
            assert_eq!(config.get_ssl_mode(), mode, "{text}");
            assert_eq!(config.get_password(), Some(&b"token"[..]));
            assert!(!format!("{config:?}").contains("token"), "{config:?}");
        }
    }
}
