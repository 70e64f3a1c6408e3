//! tiberius, for SQL Server, with or without a deadpool pool.

use std::error::Error as StdError;
use std::fmt;

use deadpool::managed::{Manager, Metrics, RecycleResult};
use identity_base::{BearerTokenProvider, BoxFuture, Error, ErrorKind};
use tiberius::error::Error as DriverError;
use tiberius::{AuthMethod, Client, Config};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use crate::host::is_local;

/// A connection to SQL Server over tokio.
pub type SqlServerClient = Client<Compat<TcpStream>>;

/// `config` with a fresh token, for one connection that is opened soon.
///
/// # Errors
/// The credential's; [`InvalidConfiguration`](ErrorKind::InvalidConfiguration) when the host is another machine and the connection would not be encrypted: when
/// the configuration says so, or tiberius has no TLS (switch on one of its features `rustls` and `native-tls`).
pub async fn sql_server_config(provider: &BearerTokenProvider, config: &Config) -> Result<Config, Error> {
    check_encryption(config)?;
    let token = provider.token().await?;
    let mut config = config.clone();
    config.authentication(AuthMethod::aad_token(token.secret()));
    Ok(config)
}

fn check_encryption(config: &Config) -> Result<(), Error> {
    let address = config.get_addr();
    let host = address
        .rsplit_once(':')
        .map_or(address.as_str(), |(host, _)| host);
    if is_local(host) {
        return Ok(());
    }
    let refused = |message| Err(Error::new(ErrorKind::InvalidConfiguration, message));
    if !encrypts(&Config::new()) {
        return refused(
            "a token would go to SQL Server in clear text: switch on tiberius's feature `rustls` or `native-tls`",
        );
    }
    if !encrypts(config) {
        return refused(
            "a token would go to SQL Server in clear text: the configuration switches encryption off",
        );
    }
    Ok(())
}

/// Whether the login is encrypted. The configuration tells it in its `Debug` alone. Without TLS in tiberius the default is not to, and what is set has no effect.
fn encrypts(config: &Config) -> bool {
    let shown = format!("{config:?}");
    let says = |level: &str| shown.contains(&format!("encryption: {level}"));
    // A database or an application may be called `encryption: On`, which has to make no difference.
    ["Off", "On", "Required", "Strict"].into_iter().any(says) && !says("NotSupported")
}

/// Opens connections to SQL Server, each with a fresh token; a `Manager` for `deadpool::managed::Pool`.
///
/// ```
/// use std::sync::Arc;
/// use deadpool::managed::Pool;
/// use identity_base::{TokenCredential, bearer_token_provider};
/// use identity_sql::{SQL_SERVER_SCOPE, SqlServerManager};
/// use tiberius::Config;
///
/// fn pool(credential: Arc<dyn TokenCredential>) -> Result<Pool<SqlServerManager>, Box<dyn std::error::Error>> {
///     let provider = bearer_token_provider(credential, SQL_SERVER_SCOPE)?;
///     let mut config = Config::new();
///     config.host("name.database.windows.net");
///     config.database("orders");
///     Ok(Pool::builder(SqlServerManager::new(provider, config)).max_size(16).build()?)
/// }
/// ```
#[derive(Clone)]
pub struct SqlServerManager {
    provider: BearerTokenProvider,
    config: Config,
}

impl SqlServerManager {
    /// With the tokens of `provider`, which is best made for [`SQL_SERVER_SCOPE`](crate::SQL_SERVER_SCOPE).
    #[must_use]
    pub const fn new(provider: BearerTokenProvider, config: Config) -> Self {
        Self { provider, config }
    }

    /// A new connection. When the server sends us on to another, as Azure's do, this connects there.
    ///
    /// # Errors
    /// As [`sql_server_config`], and those of the driver.
    pub async fn connect(&self) -> Result<SqlServerClient, SqlServerError> {
        let mut config = sql_server_config(&self.provider, &self.config)
            .await
            .map_err(SqlServerError::Credential)?;
        match open(config.clone()).await {
            Err(DriverError::Routing { host, port }) => {
                config.host(host);
                config.port(port);
                // It was told where to by a server that may be no judge of that.
                check_encryption(&config).map_err(SqlServerError::Credential)?;
                open(config).await.map_err(SqlServerError::Driver)
            }
            other => other.map_err(SqlServerError::Driver),
        }
    }
}

/// In a box: the driver's future has some 20 KiB, which every future around it would have too.
fn open(config: Config) -> BoxFuture<'static, Result<SqlServerClient, DriverError>> {
    Box::pin(async move {
        let stream = TcpStream::connect(config.get_addr()).await?;
        stream.set_nodelay(true)?;
        Client::connect(config, stream.compat_write()).await
    })
}

impl Manager for SqlServerManager {
    type Type = SqlServerClient;
    type Error = SqlServerError;

    async fn create(&self) -> Result<SqlServerClient, SqlServerError> {
        self.connect().await
    }

    async fn recycle(&self, client: &mut SqlServerClient, _: &Metrics) -> RecycleResult<SqlServerError> {
        let alive = async { client.simple_query("SELECT 1").await?.into_results().await };
        alive.await.map_err(SqlServerError::Driver)?;
        Ok(())
    }
}

impl fmt::Debug for SqlServerManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlServerManager")
            .field("provider", &self.provider)
            .field("address", &self.config.get_addr())
            .finish_non_exhaustive()
    }
}

/// Why there is no connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum SqlServerError {
    /// There is no token, or it would not be safe to send it.
    Credential(Error),
    /// The server or the way to it.
    Driver(DriverError),
}

impl fmt::Display for SqlServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(error) => write!(f, "no token for SQL Server: {error}"),
            Self::Driver(error) => error.fmt(f),
        }
    }
}

impl StdError for SqlServerError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Credential(error) => Some(error),
            // It shows as this error itself, so what stands behind it comes next.
            Self::Driver(error) => error.source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tiberius::EncryptionLevel;

    use super::*;

    /// If the driver shows its configuration in another way, tokens are sent nowhere.
    #[test]
    fn the_level_of_encryption_is_read() {
        for (level, encrypted) in [
            (EncryptionLevel::NotSupported, false),
            (EncryptionLevel::Off, true),
            (EncryptionLevel::On, true),
            (EncryptionLevel::Required, true),
            (EncryptionLevel::Strict, true),
        ] {
            let mut config = Config::new();
            config.encryption(level);
            assert_eq!(encrypts(&config), encrypted, "{level:?}");
            config.database("a, encryption: On, b");
            config.application_name("encryption: Required");
            assert_eq!(encrypts(&config), encrypted, "{level:?}");
        }
    }

    #[test]
    fn without_tls_another_machine_is_refused_whatever_is_set() {
        let mut config = Config::new();
        config.encryption(EncryptionLevel::Required);
        config.host("name.database.windows.net");
        let error = check_encryption(&config).unwrap_err();
        assert!(error.to_string().contains("feature `rustls`"), "{error}");
        config.host("localhost");
        check_encryption(&config).unwrap();
    }
}
