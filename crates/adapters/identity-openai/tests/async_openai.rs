//! async-openai with a real credential, against a service on the loopback interface.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::{Arc, Mutex};

use adapter_testkit::HttpService;
use async_openai::Client;
use async_openai::config::{AzureConfig, Config, OpenAIConfig};
use async_openai::error::OpenAIError;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, StatusCode};
use identity_base::{
    BearerTokenProvider, Error, ErrorKind, TokenCredential, TokenRequest, bearer_token_provider,
};
use identity_openai::{COGNITIVE_SERVICES_SCOPE, http_service};
use identity_testkit::leak_guard::LeakGuard;

/// Is down at the first request, and has one model afterwards.
struct Api {
    service: HttpService,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Api {
    /// While it is down the credential is told that its token is no good, so that there is another afterwards.
    async fn start(provider: Option<BearerTokenProvider>) -> Self {
        let headers = Arc::new(Mutex::new(Vec::<HeaderMap>::new()));
        let noted = Arc::clone(&headers);
        let service = HttpService::plain(move |request: adapter_testkit::Request| {
            let (noted, provider) = (Arc::clone(&noted), provider.clone());
            async move {
                let is_first = {
                    let mut noted = noted.lock().unwrap();
                    noted.push(request.headers().clone());
                    noted.len() == 1
                };
                let mut reply = http::Response::new(Bytes::new());
                let headers = reply.headers_mut();
                headers.insert("content-type", HeaderValue::from_static("application/json"));
                if is_first && let Some(provider) = provider {
                    let token = provider.token().await.unwrap();
                    provider.replace(&token).await.unwrap();
                    headers.insert("retry-after", HeaderValue::from_static("0"));
                    *reply.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    *reply.body_mut() = Bytes::from_static(br#"{"error":{"message":"down"}}"#);
                } else {
                    let model = br#"{"object":"list","data":[{"id":"m","object":"model","created":1,"owned_by":"us"}]}"#;
                    *reply.body_mut() = Bytes::from_static(model);
                }
                reply
            }
        })
        .await;
        Self { service, headers }
    }

    fn headers(&self) -> Vec<HeaderMap> {
        self.headers.lock().unwrap().clone()
    }
}

fn provider(credential: Arc<dyn TokenCredential>) -> BearerTokenProvider {
    adapter_testkit::install_ring();
    bearer_token_provider(credential, COGNITIVE_SERVICES_SCOPE).unwrap()
}

async fn models(config: impl Config, provider: BearerTokenProvider) -> Result<Vec<String>, OpenAIError> {
    let service = http_service(provider, reqwest::Client::new());
    let client = Client::with_config(config).with_http_service(service);
    let models = client.models().list().await?;
    Ok(models.data.into_iter().map(|model| model.id).collect())
}

#[tokio::test]
async fn each_attempt_has_the_token_of_its_time_and_no_key() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    for azure in [false, true] {
        let emulator = adapter_testkit::emulator(&secret).await;
        let provider = provider(adapter_testkit::client_secret(&emulator, &secret));
        let first = provider.token().await.unwrap();
        let api = Api::start(Some(provider.clone())).await;
        let found = if azure {
            let config = AzureConfig::new()
                .with_api_base(api.service.url())
                .with_api_version("v1")
                .with_deployment_id("d")
                .with_api_key("key");
            models(config, provider.clone()).await
        } else {
            let config = OpenAIConfig::new()
                .with_api_base(api.service.url())
                .with_api_key("key");
            models(config, provider.clone()).await
        };
        assert_eq!(found.unwrap(), ["m"]);
        let second = provider.token().await.unwrap();
        assert!(!first.is_same(&second));
        let headers = api.headers();
        let sent: Vec<_> = headers.iter().map(|headers| &headers[AUTHORIZATION]).collect();
        assert_eq!(sent, [first.header(), second.header()]);
        assert!(headers.iter().all(|headers| !headers.contains_key("api-key")));
        emulator.requests().token().exactly(2);
    }
    guard.finish();
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_nothing_is_tried_again() {
    let guard = LeakGuard::new();
    let emulator = adapter_testkit::emulator(&"another one".into()).await;
    let secret = guard.secret("wrong secret");
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let api = Api::start(None).await;
    let config = OpenAIConfig::new()
        .with_api_base(api.service.url())
        .with_api_key("key");
    let error = models(config, provider(credential)).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(secret.expose()));
    let OpenAIError::Boxed(error) = error else {
        panic!("the credential's error is expected, not {error}");
    };
    let ours = error.downcast_ref::<Error>().unwrap();
    assert_eq!(ours.kind(), ErrorKind::AuthenticationFailed);
    assert!(api.headers().is_empty());
    emulator.requests().token().exactly(1);
    guard.finish();
}

/// The token service knows both, each as the identifier of a service.
#[tokio::test]
async fn the_scopes_are_those_that_the_services_want() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    for scope in [COGNITIVE_SERVICES_SCOPE, identity_openai::FOUNDRY_SCOPE] {
        let token = credential.get_token_with(TokenRequest::new(scope)).await;
        assert!(token.is_ok(), "{scope}: {token:?}");
    }
    guard.finish();
}
