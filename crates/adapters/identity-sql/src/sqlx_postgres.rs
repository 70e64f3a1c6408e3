//! sqlx, for PostgreSQL.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use identity_base::seam::Clock;
use identity_base::{AccessToken, BearerTokenProvider, Error, TokenStream};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::host::is_local;

/// How long to wait after there was no token. The pool goes on with the last one meanwhile.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// `options` with a fresh token as the password, for a connection or a pool that is opened soon. A pool needs [`PoolPasswords`] besides.
///
/// For another host than this machine, encryption and a certificate that fits are required (`PgSslMode::VerifyFull`), unless the options require encryption
/// already. sqlx shows the password in the options' `Debug`: don't print them.
///
/// # Errors
/// The credential's.
pub async fn sqlx_options(
    provider: &BearerTokenProvider,
    options: PgConnectOptions,
) -> Result<PgConnectOptions, Error> {
    Ok(with_token(options, &provider.token().await?))
}

fn with_token(options: PgConnectOptions, token: &AccessToken) -> PgConnectOptions {
    let stays_here = options.get_socket().is_some() || is_local(options.get_host());
    let weak = matches!(
        options.get_ssl_mode(),
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer
    );
    let options = options.password(token.secret());
    if weak && !stays_here {
        return options.ssl_mode(PgSslMode::VerifyFull);
    }
    options
}

/// Keeps the password of a pool fresh: connections that it opens later have the newest token.
///
/// ```
/// use std::sync::Arc;
/// use identity_base::seam::Clock;
/// use identity_base::{BearerTokenProvider, Error};
/// use identity_sql::{PoolPasswords, sqlx_options};
/// use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
///
/// async fn pool(provider: BearerTokenProvider, clock: Arc<dyn Clock>) -> Result<PgPool, Error> {
///     let options = PgConnectOptions::new().host("name.postgres.database.azure.com").username("my-identity");
///     let pool = PgPoolOptions::new().connect_lazy_with(sqlx_options(&provider, options).await?);
///     tokio::spawn(PoolPasswords::new(pool.clone(), provider, clock).run());
///     Ok(pool)
/// }
/// ```
pub struct PoolPasswords {
    pool: PgPool,
    tokens: TokenStream,
    clock: Arc<dyn Clock>,
}

impl PoolPasswords {
    /// For `pool`, with the tokens of `provider`, which is best made for [`POSTGRES_SCOPE`](crate::POSTGRES_SCOPE). `clock` is `SystemClock` of
    /// `identity-runtime`, outside of tests.
    #[must_use]
    pub fn new(pool: PgPool, provider: BearerTokenProvider, clock: Arc<dyn Clock>) -> Self {
        Self {
            pool,
            tokens: provider.subscribe(Arc::clone(&clock)),
            clock,
        }
    }

    /// Waits for the next token and gives it to the pool. The first call gives it the present one. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The credential's. The next call tries again.
    pub async fn next(&mut self) -> Result<(), Error> {
        let token = self.tokens.next().await?;
        let options = PgConnectOptions::clone(&self.pool.connect_options());
        self.pool.set_connect_options(with_token(options, &token));
        Ok(())
    }

    /// Goes on until the pool is closed (`PgPool::close`), which it keeps alive until then. After a failure it tries again in 30 s; an observer of the
    /// credential sees it.
    pub async fn run(mut self) {
        let mut closed = self.pool.close_event();
        let follow = async {
            loop {
                if self.next().await.is_err() {
                    self.clock.sleep(TRY_AGAIN).await;
                }
            }
        };
        // An error says that the pool is closed.
        let _closed: Result<Infallible, _> = closed.do_until(follow).await;
    }
}

impl fmt::Debug for PoolPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the pool: its options hold the password.
        f.debug_struct("PoolPasswords")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leaves_the_machine_encrypted() {
        let token = AccessToken::from_parts(&"t".into(), 0, None).unwrap();
        let options = || PgConnectOptions::new_without_pgpass().host("name.postgres.database.azure.com");
        for (options, weak) in [
            (options().ssl_mode(PgSslMode::Prefer), false),
            (options().ssl_mode(PgSslMode::Disable), false),
            (options().host("localhost").ssl_mode(PgSslMode::Disable), true),
            (
                options().socket("/run/postgresql").ssl_mode(PgSslMode::Disable),
                true,
            ),
        ] {
            let mode = with_token(options, &token).get_ssl_mode();
            let name = format!("{mode:?}");
            assert_eq!(matches!(mode, PgSslMode::Disable), weak, "{name}");
            assert_eq!(matches!(mode, PgSslMode::VerifyFull), !weak, "{name}");
        }
        let chosen = with_token(options().ssl_mode(PgSslMode::Require), &token);
        assert!(matches!(chosen.get_ssl_mode(), PgSslMode::Require));
    }
}
