//! tokio-postgres and deadpool-postgres with a real credential, and a server that reads the password.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::Arc;

use adapter_testkit::PostgresService;
use deadpool_postgres::{Manager, ManagerConfig, Pool};
use identity_base::{
    BearerTokenProvider, ErrorKind, TokenCredential as _, TokenRequest, bearer_token_provider,
};
use identity_sql::{DeadpoolConnect, POSTGRES_SCOPE, credential_error, postgres_config};
use identity_testkit::leak_guard::LeakGuard;
use tokio_postgres::{Config, NoTls};

fn config(service: &PostgresService) -> Config {
    let mut config = Config::new();
    config
        .host("127.0.0.1")
        .port(service.address().port())
        .user("my-identity")
        .dbname("postgres");
    config
}

fn pool(service: &PostgresService, provider: &BearerTokenProvider) -> Pool {
    let connect = DeadpoolConnect::new(provider.clone(), NoTls);
    let manager = Manager::from_connect(config(service), connect, ManagerConfig::default());
    Pool::builder(manager).max_size(4).build().unwrap()
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
    let config = postgres_config(&provider, &config(&service)).await.unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    let running = tokio::spawn(connection);
    client.simple_query("SELECT 1").await.unwrap();
    drop(client);
    running.await.unwrap().unwrap();
    assert_eq!(
        service.logins(),
        [("my-identity".to_owned(), token.secret().to_owned())]
    );
    guard.finish();
}

#[tokio::test]
async fn each_connection_of_a_pool_has_a_fresh_password() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(Arc::clone(&credential), POSTGRES_SCOPE).unwrap();
    let first = provider.token().await.unwrap();
    let service = PostgresService::start(first.secret()).await;
    let pool = pool(&service, &provider);
    let one = pool.get().await.unwrap();

    // The first token is over; connections that are open go on.
    let rejected = TokenRequest::new(POSTGRES_SCOPE).rejected(&first);
    let second = credential.get_token_with(rejected).await.unwrap();
    service.change_password(second.secret());
    one.simple_query("SELECT 1").await.unwrap();
    let two = pool.get().await.unwrap();
    two.simple_query("SELECT 1").await.unwrap();
    let passwords: Vec<_> = service
        .logins()
        .into_iter()
        .map(|(_, password)| password)
        .collect();
    assert_eq!(passwords, [first.secret(), second.secret()]);
    emulator.requests().token().exactly(2);
    guard.finish();
}

#[tokio::test]
async fn without_a_token_the_pool_says_why_and_the_server_sees_nothing() {
    let guard = LeakGuard::new();
    let emulator = adapter_testkit::emulator(&"another one".into()).await;
    let secret = guard.secret("wrong secret");
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, POSTGRES_SCOPE).unwrap();
    let service = PostgresService::start("x").await;
    let pool = pool(&service, &provider);
    let error = pool.get().await.unwrap_err();
    let ours = credential_error(&error).unwrap();
    assert_eq!(ours.kind(), ErrorKind::AuthenticationFailed, "{error}");
    assert!(ours.to_string().contains("AADSTS"), "{ours}");
    assert!(!format!("{error:?} {error} {pool:?}").contains(secret.expose()));
    assert!(service.logins().is_empty());

    let error = postgres_config(&provider, &config(&service)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
    guard.finish();
}

#[tokio::test]
async fn a_server_that_refuses_the_token_is_no_credential_error() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, POSTGRES_SCOPE).unwrap();
    let service = PostgresService::start("another").await;
    let error = pool(&service, &provider).get().await.unwrap_err();
    assert!(credential_error(&error).is_none(), "{error}");
    let token = provider.token().await.unwrap();
    assert!(!format!("{error:?} {error}").contains(token.secret()));
    guard.finish();
}
