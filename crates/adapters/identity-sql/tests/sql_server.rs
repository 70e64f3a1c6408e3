//! tiberius and a deadpool pool with a real credential, and a server that reads the token.

use std::net::SocketAddr;
use std::sync::Arc;

use adapter_testkit::SqlServerService;
use deadpool::managed::{Pool, PoolError};
use identity_base::{
    BearerTokenProvider, ErrorKind, TokenCredential as _, TokenRequest, bearer_token_provider,
};
use identity_sql::{SQL_SERVER_SCOPE, SqlServerError, SqlServerManager, credential_error};
use identity_testkit::leak_guard::LeakGuard;
use tiberius::{Config, EncryptionLevel};

fn manager(address: SocketAddr, provider: &BearerTokenProvider) -> SqlServerManager {
    let mut config = Config::new();
    config.host(address.ip());
    config.port(address.port());
    config.encryption(EncryptionLevel::NotSupported);
    SqlServerManager::new(provider.clone(), config)
}

#[tokio::test]
async fn each_connection_of_a_pool_has_a_fresh_token() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(Arc::clone(&credential), SQL_SERVER_SCOPE).unwrap();
    let first = provider.token().await.unwrap();
    let service = SqlServerService::start(first.secret()).await;
    let pool: Pool<SqlServerManager> = Pool::builder(manager(service.address(), &provider))
        .build()
        .unwrap();
    let one = pool.get().await.unwrap();
    // One that comes back is asked whether it is alive, and does not sign in again.
    drop(one);
    let _one = pool.get().await.unwrap();
    assert_eq!(service.logins(), [first.secret()]);

    let rejected = TokenRequest::new(SQL_SERVER_SCOPE).rejected(&first);
    let second = credential.get_token_with(rejected).await.unwrap();
    let Err(PoolError::Backend(SqlServerError::Driver(error))) = pool.get().await.map(drop) else {
        panic!("the server takes the first token alone");
    };
    assert!(error.to_string().contains("Login failed"), "{error}");
    assert_eq!(service.logins(), [first.secret(), second.secret()]);
    assert!(!format!("{error:?} {:?}", manager(service.address(), &provider)).contains(second.secret()));
    guard.finish();
}

#[tokio::test]
async fn it_goes_where_the_server_sends_it() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, SQL_SERVER_SCOPE).unwrap();
    let token = provider.token().await.unwrap();
    let service = SqlServerService::start(token.secret()).await;
    let gateway = SqlServerService::routing_to(service.address()).await;
    manager(gateway.address(), &provider).connect().await.unwrap();
    assert_eq!(service.logins(), [token.secret()]);
    // But not where the token would be readable on its way.
    let gateway = SqlServerService::routing_to("192.0.2.1:1433".parse().unwrap()).await;
    let error = manager(gateway.address(), &provider).connect().await.unwrap_err();
    assert_eq!(
        credential_error(&error).unwrap().kind(),
        ErrorKind::InvalidConfiguration
    );
    guard.finish();
}

#[tokio::test]
async fn without_a_token_or_without_encryption_nothing_is_sent() {
    let guard = LeakGuard::new();
    let emulator = adapter_testkit::emulator(&"another one".into()).await;
    let secret = guard.secret("wrong secret");
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, SQL_SERVER_SCOPE).unwrap();
    let service = SqlServerService::start("x").await;
    let error = manager(service.address(), &provider).connect().await.unwrap_err();
    assert_eq!(
        credential_error(&error).unwrap().kind(),
        ErrorKind::AuthenticationFailed,
        "{error}"
    );
    assert!(!format!("{error:?} {error}").contains(secret.expose()));
    assert!(service.logins().is_empty());

    emulator.clear_requests();
    let remote = manager("192.0.2.1:1433".parse().unwrap(), &provider);
    let error = remote.connect().await.unwrap_err();
    let ours = credential_error(&error).unwrap();
    assert_eq!(ours.kind(), ErrorKind::InvalidConfiguration);
    assert!(ours.to_string().contains("clear text"), "{ours}");
    emulator.requests().token().exactly(0);
    guard.finish();
}
