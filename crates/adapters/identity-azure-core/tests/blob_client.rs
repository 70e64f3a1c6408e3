//! The official blob client, unchanged, against a blob service that revokes the first token (continuous access evaluation).
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::Arc;

use adapter_testkit::{BlobService, Call};
use azure_core::http::{ClientOptions, RequestContent, RetryOptions, Transport};
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use identity_azure_core::{ClaimsPolicy, ForAzureCore, TransportClient};
use identity_base::TokenCredential;
use identity_testkit::leak_guard::LeakGuard;
use identity_transport::HyperTransport;

const SCOPE: &str = "https://storage.azure.com/.default";

fn options(service: &BlobService) -> ClientOptions {
    let transport = HyperTransport::builder()
        .extra_root_pem(service.ca_pem())
        .unwrap()
        .build();
    ClientOptions {
        // A failure must show as it is.
        retry: RetryOptions::none(),
        transport: Some(Transport::new(Arc::new(TransportClient::new(Arc::new(
            transport,
        ))))),
        ..ClientOptions::default()
    }
}

/// The client as its users make it.
fn client(
    service: &BlobService,
    credential: &Arc<dyn TokenCredential>,
    client_options: ClientOptions,
) -> BlobServiceClient {
    let credential = ForAzureCore::new(Arc::clone(credential)).enable_cae(true);
    let options = BlobServiceClientOptions {
        client_options,
        ..Default::default()
    };
    let url = service.url().parse().unwrap();
    BlobServiceClient::new(url, Some(credential.into_shared()), Some(options)).unwrap()
}

fn with_claims_policy(service: &BlobService, credential: &Arc<dyn TokenCredential>) -> ClientOptions {
    let claims = ClaimsPolicy::new(Arc::clone(credential), SCOPE).unwrap();
    ClientOptions {
        per_try_policies: vec![Arc::new(claims)],
        ..options(service)
    }
}

fn statuses(calls: &[Call]) -> Vec<u16> {
    calls.iter().map(|call| call.status).collect()
}

#[tokio::test]
async fn five_calls_succeed_and_cost_one_more_token_request() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let service = BlobService::revoking(1).await;
    let client = client(&service, &credential, with_claims_policy(&service, &credential));

    let container = client.blob_container_client("box");
    container.create(None).await.unwrap();
    let blob = container.blob_client("greeting");
    let upload = blob.upload(RequestContent::from(b"hello".to_vec()), None);
    upload.await.unwrap();
    let names: Vec<_> = container
        .list_blobs(None)
        .unwrap()
        .try_collect::<Vec<_>>()
        .await
        .unwrap()
        .into_iter()
        .map(|item| item.name.unwrap())
        .collect();
    assert_eq!(names, ["greeting"]);
    let download = blob.download(None).await.unwrap();
    assert_eq!(download.body.collect().await.unwrap(), &b"hello"[..]);
    blob.delete(None).await.unwrap();

    let calls = service.calls();
    assert_eq!(statuses(&calls), [401, 201, 201, 200, 206, 202], "{calls:?}");
    let first = &calls[0].token;
    assert!(calls[1..].iter().all(|call| call.token != *first));
    let requests = emulator.requests().token().exactly(2);
    let claims = requests.last().unwrap().form("claims").unwrap().to_owned();
    assert!(claims.contains("nbf"), "{claims}");
    guard.finish();
}

#[tokio::test]
async fn calls_that_are_challenged_together_share_one_token_request() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let service = BlobService::revoking(8).await;
    service.create_container("box");
    // Two clients of one account share the policy, as they would in a program.
    let options = with_claims_policy(&service, &credential);
    let clients = [
        client(&service, &credential, options.clone()),
        client(&service, &credential, options),
    ];
    let uploads = (0..8).map(|number| {
        let blob = clients[number % 2].blob_client("box", &format!("blob{number}"));
        async move {
            blob.upload(RequestContent::from(b"hello".to_vec()), None)
                .await
                .map(drop)
        }
    });
    for upload in join_all(uploads).await {
        upload.unwrap();
    }
    let statuses = statuses(&service.calls());
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count(),
        8,
        "all of them were challenged"
    );
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 8);
    emulator.requests().token().exactly(2);
    guard.finish();
}

/// What the policy is for: without it the client goes on sending the revoked token.
#[tokio::test]
async fn without_the_policy_the_client_does_not_recover() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let service = BlobService::revoking(1).await;
    let client = client(&service, &credential, options(&service));
    for _ in 0..2 {
        let error = client
            .blob_container_client("box")
            .create(None)
            .await
            .unwrap_err();
        assert_eq!(error.http_status().map(u16::from), Some(401), "{error}");
    }
    emulator.requests().token().exactly(1);
    guard.finish();
}
