//! object_store 0.14: its Azure store with a real credential, against a blob service on the loopback interface.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::error::Error as _;
use std::sync::Arc;

use adapter_testkit::BlobService;
use futures_util::{FutureExt as _, TryStreamExt as _};
use identity_base::{Error, ErrorKind, TokenCredential, TokenRequest, bearer_token_provider};
use identity_object_store::{ForObjectStore, SCOPE};
use identity_testkit::leak_guard::LeakGuard;
use object_store_0_14::azure::{AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store_0_14::path::Path;
use object_store_0_14::{CredentialProvider, ObjectStore as _, ObjectStoreExt as _};

fn store(service: &BlobService, provider: Arc<ForObjectStore>) -> MicrosoftAzure {
    adapter_testkit::install_ring();
    MicrosoftAzureBuilder::new()
        .with_account("account")
        .with_container_name("box")
        .with_endpoint(service.url())
        .with_allow_http(true)
        .with_credentials(provider)
        .build()
        .unwrap()
}

fn provider(credential: Arc<dyn TokenCredential>) -> Arc<ForObjectStore> {
    Arc::new(ForObjectStore::new(
        bearer_token_provider(credential, SCOPE).unwrap(),
    ))
}

#[tokio::test]
async fn a_store_puts_lists_and_reads_with_our_token() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let service = BlobService::plain().await;
    service.create_container("box");
    let provider = provider(Arc::clone(&credential));
    let store = store(&service, Arc::clone(&provider));

    let path = Path::from("folder/greeting");
    store.put(&path, "hello".into()).await.unwrap();
    let listed: Vec<_> = store.list(None).try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0].location, listed[0].size),
        (&path, u64::try_from("hello".len()).unwrap())
    );
    let read = store.get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(read, "hello");
    assert_eq!(store.get_range(&path, 1..3).await.unwrap(), "el");
    let missing = store.get(&Path::from("missing")).await.unwrap_err();
    assert!(missing.to_string().contains("not found"), "{missing}");

    let token = credential.get_token(&[SCOPE]).await.unwrap();
    let calls = service.calls();
    assert_eq!(calls.len(), 5, "{calls:?}");
    assert!(calls.iter().all(|call| call.token == token.secret()));
    emulator.requests().token().exactly(1);
    let shown = format!("{provider:?} {store:?}");
    assert!(
        !shown.contains(token.secret()) && !shown.contains(secret.expose()),
        "{shown}"
    );
    guard.finish();
}

#[tokio::test]
async fn a_token_is_converted_once_and_a_new_one_again() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = provider(Arc::clone(&credential));
    let first = CredentialProvider::get_credential(&*provider).await.unwrap();
    let AzureCredential::BearerToken(text) = &*first else {
        panic!("a bearer token is expected");
    };
    let token = credential.get_token(&[SCOPE]).await.unwrap();
    assert_eq!(text, token.secret());

    let hit = || {
        let again = CredentialProvider::get_credential(&*provider).now_or_never();
        assert!(Arc::ptr_eq(&first, &again.unwrap().unwrap()));
    };
    // The cache keeps a copy of its own for each thread that comes again.
    hit();
    let counted = allocation_counter::measure(hit);
    assert_eq!(
        counted.count_total, 1,
        "the box of the future, which the trait demands"
    );

    let rejected = TokenRequest::new(SCOPE).rejected(&token);
    let other = credential.get_token_with(rejected).await.unwrap();
    let second = CredentialProvider::get_credential(&*provider).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert!(matches!(&*second, AzureCredential::BearerToken(text) if text == other.secret()));
    guard.finish();
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_our_error_is_inside() {
    let guard = LeakGuard::new();
    let emulator = adapter_testkit::emulator(&"another one".into()).await;
    let secret = guard.secret("wrong secret");
    let service = BlobService::plain().await;
    let store = store(
        &service,
        provider(adapter_testkit::client_secret(&emulator, &secret)),
    );
    let error = store.put(&Path::from("x"), "hello".into()).await.unwrap_err();
    let ours = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(ours.kind(), ErrorKind::AuthenticationFailed, "{error}");
    assert!(error.to_string().contains("AADSTS"), "{error}");
    assert!(!format!("{error:?} {error}").contains(secret.expose()));
    assert_eq!(service.calls(), []);
    emulator.requests().token().exactly(1);
    guard.finish();
}
