//! sqlx with a server that reads the password.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapter_testkit::PostgresService;
use identity_base::seam::Clock as _;
use identity_base::{
    AccessToken, Error, ErrorKind, TokenCredential, TokenFuture, TokenRequest, bearer_token_provider,
};
use identity_sql::{POSTGRES_SCOPE, PoolPasswords, sqlx_options};
use identity_testkit::TestClock;
use identity_testkit::leak_guard::LeakGuard;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _};

fn options(service: &PostgresService) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(service.address().port())
        .username("my-identity")
        .ssl_mode(PgSslMode::Disable)
}

#[tokio::test]
async fn a_connection_signs_in_with_the_token() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, POSTGRES_SCOPE).unwrap();
    let token = provider.token().await.unwrap();
    let service = PostgresService::start(token.secret()).await;
    let options = sqlx_options(&provider, options(&service)).await.unwrap();
    let mut connection: PgConnection = options.connect().await.unwrap();
    connection.ping().await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(
        service.logins(),
        [("my-identity".to_owned(), token.secret().to_owned())]
    );
    guard.finish();
}

/// Gives what it was told to.
#[derive(Debug)]
struct Told(Mutex<Result<AccessToken, Error>>);

impl TokenCredential for Told {
    fn get_token_with(&self, _: TokenRequest<'_>) -> TokenFuture<'_> {
        TokenFuture::ready(self.0.lock().unwrap().clone())
    }
    fn name(&self) -> &'static str {
        "Told"
    }
}

#[tokio::test]
async fn a_pool_opens_later_connections_with_the_newest_token() {
    let guard = LeakGuard::new();
    let clock = TestClock::new();
    let token = |name: &str, minutes: i64| {
        let expires_on = clock.now().wall + minutes * 60_000;
        AccessToken::from_parts(&guard.secret(name), expires_on, Some(expires_on - 300_000))
    };
    let (first, second) = (token("first", 60).unwrap(), token("second", 120).unwrap());
    let credential = Arc::new(Told(Mutex::new(Ok(first.clone()))));
    let shared: Arc<dyn TokenCredential> = credential.clone();
    let provider = bearer_token_provider(shared, POSTGRES_SCOPE).unwrap();
    let service = PostgresService::start(first.secret()).await;
    let options = sqlx_options(&provider, options(&service)).await.unwrap();
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(options);
    let passwords = PoolPasswords::new(pool.clone(), provider, Arc::new(clock.clone()));
    assert!(!format!("{passwords:?}").contains(first.secret()));
    let running = tokio::spawn(passwords.run());

    let one = pool.acquire().await.unwrap();
    // It waits until the token is due. Then there is no other at first, and it tries again.
    clock.sleepers(1).await;
    *credential.0.lock().unwrap() = Err(Error::new(ErrorKind::Timeout, "no luck"));
    clock.advance(Duration::from_secs(55 * 60));
    clock.sleeps_begun(2).await;
    *credential.0.lock().unwrap() = Ok(second.clone());
    service.change_password(second.secret());
    clock.advance(Duration::from_secs(30));
    clock.sleeps_begun(3).await;

    let two = pool.acquire().await.unwrap();
    let logins: Vec<_> = service
        .logins()
        .into_iter()
        .map(|(_, password)| password)
        .collect();
    assert_eq!(logins, [first.secret(), second.secret()]);
    drop((one, two));
    pool.close().await;
    running.await.unwrap();
    guard.finish();
}

#[tokio::test]
async fn without_a_token_there_are_no_options() {
    let credential = Told(Mutex::new(Err(Error::new(
        ErrorKind::AuthenticationFailed,
        "no luck",
    ))));
    let provider = bearer_token_provider(Arc::new(credential), POSTGRES_SCOPE).unwrap();
    let error = sqlx_options(&provider, PgConnectOptions::new_without_pgpass())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
}
