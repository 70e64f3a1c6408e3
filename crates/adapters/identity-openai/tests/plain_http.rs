//! Where the layer for async-openai sends a token without TLS.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use adapter_testkit::HttpService;
use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use identity_base::{BearerTokenProvider, bearer_token_provider};
use identity_openai::{AuthorizationLayer, COGNITIVE_SERVICES_SCOPE, PlainHttpRefused, http_service};
use identity_testkit::leak_guard::LeakGuard;
use tower_layer::Layer as _;
use tower_service::Service;

const MODELS: &str = r#"{"object":"list","data":[{"id":"m","object":"model","created":1,"owned_by":"us"}]}"#;

/// Stands in for the network: whatever gets here would be sent.
#[derive(Clone, Default)]
struct Network(Arc<Mutex<Vec<String>>>);

impl Service<HttpRequestFactory> for Network {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let sent = Arc::clone(&self.0);
        Box::pin(async move {
            let request = factory.build().await?;
            assert!(request.headers().contains_key(AUTHORIZATION));
            sent.lock().unwrap().push(request.url().to_string());
            Ok(http::Response::new(MODELS).into())
        })
    }
}

fn config(base: &str) -> OpenAIConfig {
    OpenAIConfig::new().with_api_base(base).with_api_key("none")
}

fn host_of(error: OpenAIError) -> String {
    let OpenAIError::Boxed(error) = error else {
        return format!("no refusal: {error}");
    };
    let refused = error.downcast_ref::<PlainHttpRefused>().unwrap();
    let text = refused.to_string();
    assert!(
        text.contains(refused.host()) && text.contains("allow_plain_http"),
        "{text}"
    );
    refused.host().to_owned()
}

/// Sends to each of the bases; what arrived, and what was refused.
async fn send(
    provider: &BearerTokenProvider,
    allow: Option<bool>,
    bases: &[&str],
) -> (Vec<String>, Vec<String>) {
    let network = Network::default();
    let mut layer = AuthorizationLayer::new(provider.clone());
    if let Some(allow) = allow {
        layer = layer.allow_plain_http(allow);
    }
    let mut refused = Vec::new();
    for base in bases {
        let client = Client::with_config(config(base)).with_http_service(layer.layer(network.clone()));
        match client.models().list().await {
            Ok(models) => assert_eq!(models.data.len(), 1),
            Err(error) => refused.push(host_of(error)),
        }
    }
    let sent = network.0.lock().unwrap().clone();
    let base = |url: String| url.trim_end_matches("/models").to_owned();
    (sent.into_iter().map(base).collect(), refused)
}

#[tokio::test]
async fn tokens_go_over_https_or_stay_on_the_machine() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    adapter_testkit::install_ring();
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, COGNITIVE_SERVICES_SCOPE).unwrap();

    let remote = ["http://service.test/v1", "http://10.0.0.1/v1", "http://[::2]/v1"];
    for allow in [None, Some(false)] {
        let (sent, refused) = send(&provider, allow, &remote).await;
        assert_eq!(sent, [""; 0], "nothing is sent");
        assert_eq!(refused, ["service.test", "10.0.0.1", "[::2]"]);
    }
    emulator.requests().token().exactly(0);

    let safe = [
        "https://service.test/v1",
        "http://localhost:8080/v1",
        "http://127.9.9.9/v1",
        "http://[::1]:8080/v1",
    ];
    assert_eq!(send(&provider, None, &safe).await.0, safe);
    assert_eq!(send(&provider, Some(true), &remote).await.0, remote);
    emulator.requests().token().exactly(1);
    guard.finish();
}

/// With the service that programs use: nothing leaves, and nothing is tried again.
#[tokio::test]
async fn a_refused_request_does_not_leave() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    adapter_testkit::install_ring();
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let provider = bearer_token_provider(credential, COGNITIVE_SERVICES_SCOPE).unwrap();
    let arrived = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&arrived);
    let service = HttpService::plain(move |_| {
        *counted.lock().unwrap() += 1;
        async { http::Response::new(Bytes::from_static(MODELS.as_bytes())) }
    })
    .await;
    let address: std::net::SocketAddr = service.url().trim_start_matches("http://").parse().unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .resolve("service.test", address)
        .build()
        .unwrap();
    // The same client and service: by the address it arrives, by the name it is refused.
    let by_name = format!("http://service.test:{}", address.port());
    let service_for = |base: &str| {
        Client::with_config(config(base)).with_http_service(http_service(provider.clone(), client.clone()))
    };
    let error = service_for(&by_name).models().list().await.unwrap_err();
    assert_eq!(host_of(error), "service.test");
    assert_eq!(*arrived.lock().unwrap(), 0);
    emulator.requests().token().exactly(0);
    assert!(service_for(&service.url()).models().list().await.is_ok());
    assert_eq!(*arrived.lock().unwrap(), 1);
    guard.finish();
}
