//! Where the middleware sends a token without TLS.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests fail the test"
)]

use std::sync::{Arc, Mutex};

use adapter_testkit::HttpService;
use async_trait::async_trait;
use bytes::Bytes;
use http::Extensions;
use http::header::AUTHORIZATION;
use identity_base::{BearerTokenProvider, bearer_token_provider};
use identity_reqwest::{Authorization, PlainHttpRefused};
use identity_testkit::leak_guard::LeakGuard;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, Error, Middleware, Next, Result};

const SCOPE: &str = "https://management.azure.com/.default";

/// Stands in for the network: whatever gets here would be sent.
#[derive(Clone, Default)]
struct Network(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Middleware for Network {
    async fn handle(&self, request: Request, _: &mut Extensions, _: Next<'_>) -> Result<Response> {
        assert!(request.headers().contains_key(AUTHORIZATION));
        self.0.lock().unwrap().push(request.url().to_string());
        Ok(http::Response::new("").into())
    }
}

/// Sends to each of `urls`; what arrived, and what was refused.
async fn send(
    provider: &BearerTokenProvider,
    allow: Option<bool>,
    urls: &[&str],
) -> (Vec<String>, Vec<String>) {
    let network = Network::default();
    let mut authorization = Authorization::new(provider.clone());
    if let Some(allow) = allow {
        authorization = authorization.allow_plain_http(allow);
    }
    adapter_testkit::install_ring();
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(authorization)
        .with(network.clone())
        .build();
    let mut refused = Vec::new();
    for url in urls {
        match client.get(*url).send().await {
            Ok(response) => assert!(response.status().is_success()),
            Err(Error::Middleware(error)) => {
                let ours = error.downcast_ref::<PlainHttpRefused>().unwrap();
                refused.push(ours.host().to_owned());
                let text = format!("{error:#}");
                assert!(
                    text.contains(ours.host()) && text.contains("allow_plain_http"),
                    "{text}"
                );
            }
            Err(error) => panic!("{error}"),
        }
    }
    let sent = network.0.lock().unwrap().clone();
    (sent, refused)
}

#[tokio::test]
async fn tokens_go_over_https_or_stay_on_the_machine() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, SCOPE).unwrap();

    let remote = [
        "http://service.test/",
        "http://10.0.0.1/",
        "http://localhost@service.test/",
        "http://[::2]/",
    ];
    for allow in [None, Some(false)] {
        let (sent, refused) = send(&provider, allow, &remote).await;
        assert_eq!(sent, [""; 0], "nothing is sent");
        assert_eq!(refused, ["service.test", "10.0.0.1", "service.test", "[::2]"]);
    }
    emulator.requests().token().exactly(0);

    let safe = [
        "https://service.test/",
        "http://localhost:8080/",
        "http://127.0.0.1/",
        "http://127.9.9.9/",
        "http://[::1]:8080/",
    ];
    assert_eq!(send(&provider, None, &safe).await.0, safe);
    assert_eq!(send(&provider, Some(true), &remote[..2]).await.0, remote[..2]);
    emulator.requests().token().exactly(1);
    guard.finish();
}

/// With a real client: a name that leads to a service on this machine is a name of another one.
#[tokio::test]
async fn a_refused_request_does_not_leave() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, SCOPE).unwrap();
    let arrived = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&arrived);
    let service = HttpService::plain(move |_| {
        *counted.lock().unwrap() += 1;
        async { http::Response::new(Bytes::new()) }
    })
    .await;
    adapter_testkit::install_ring();
    let address: std::net::SocketAddr = service.url().trim_start_matches("http://").parse().unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .resolve("service.test", address);
    let client = client.build().unwrap();
    for (allow, expected) in [(false, 0), (true, 1)] {
        let client = ClientBuilder::new(client.clone())
            .with(Authorization::new(provider.clone()).allow_plain_http(allow))
            .build();
        let url = format!("http://service.test:{}/", address.port());
        assert_eq!(client.get(url).send().await.is_ok(), allow);
        assert_eq!(*arrived.lock().unwrap(), expected);
    }
    guard.finish();
}
