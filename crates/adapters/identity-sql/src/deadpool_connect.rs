//! deadpool-postgres.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use deadpool_postgres::Connect;
use identity_base::{BearerTokenProvider, BoxFuture, Error};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Error as PostgresError, NoTls, Socket};

use crate::postgres_config;

/// Opens the connections of a deadpool-postgres pool, each with a fresh token as its password (`Manager::from_connect`).
///
/// Encryption is required as by [`postgres_config`]. When there is no token, the pool's error has ours behind it:
/// [`credential_error`](crate::credential_error) finds it.
#[derive(Clone)]
pub struct DeadpoolConnect<T> {
    provider: BearerTokenProvider,
    tls: T,
}

impl<T> DeadpoolConnect<T> {
    /// With the tokens of `provider`, which is best made for [`POSTGRES_SCOPE`](crate::POSTGRES_SCOPE), and the TLS connector `tls`.
    #[must_use]
    pub const fn new(provider: BearerTokenProvider, tls: T) -> Self {
        Self { provider, tls }
    }
}

impl<T> fmt::Debug for DeadpoolConnect<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadpoolConnect")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl<T> Connect for DeadpoolConnect<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), PostgresError>> {
        let config = config.clone();
        Box::pin(async move {
            let config = match postgres_config(&self.provider, &config).await {
                Ok(config) => config,
                Err(error) => {
                    no_token(error).await?;
                    config
                }
            };
            let (client, connection) = config.connect(self.tls.clone()).await?;
            // The client notices when it ends.
            let task = tokio::spawn(async move { drop(connection.await) });
            Ok((client, task))
        })
    }
}

/// The error as tokio-postgres's own, which nobody else can make: as what a connection that can't be written to fails with.
async fn no_token(error: Error) -> Result<(), PostgresError> {
    let mut config = Config::new();
    config.user("nobody");
    config
        .connect_raw(NoConnection(Some(error)), NoTls)
        .await
        .map(drop)
}

/// Fails with our error.
struct NoConnection(Option<Error>);

impl NoConnection {
    fn fail<T>(&mut self) -> Poll<io::Result<T>> {
        Poll::Ready(Err(match self.0.take() {
            Some(error) => io::Error::other(error),
            None => io::ErrorKind::NotConnected.into(),
        }))
    }
}

impl AsyncRead for NoConnection {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.fail()
    }
}

impl AsyncWrite for NoConnection {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        self.fail()
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.fail()
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
