//! genai with a real credential, against a service on the loopback interface.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::{Arc, Mutex};

use adapter_testkit::HttpService;
use bytes::Bytes;
use genai::adapter::AdapterKind;
use genai::chat::ChatRequest;
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use identity_base::{TokenCredential, bearer_token_provider};
use identity_openai::{COGNITIVE_SERVICES_SCOPE, auth_resolver, https_only};
use identity_testkit::leak_guard::LeakGuard;

const ANSWER: &[u8] = br#"{"id":"1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

type Headers = Arc<Mutex<Vec<HeaderValue>>>;

async fn start() -> (HttpService, Headers) {
    let headers = Headers::default();
    let noted = Arc::clone(&headers);
    let service = HttpService::plain(move |request: adapter_testkit::Request| {
        let header = request.headers().get(AUTHORIZATION).cloned();
        noted.lock().unwrap().extend(header);
        async {
            let mut reply = http::Response::new(Bytes::from_static(ANSWER));
            let value = HeaderValue::from_static("application/json");
            reply.headers_mut().insert(CONTENT_TYPE, value);
            reply
        }
    })
    .await;
    (service, headers)
}

fn client(base: &str, credential: Arc<dyn TokenCredential>) -> Client {
    adapter_testkit::install_ring();
    let provider = bearer_token_provider(credential, COGNITIVE_SERVICES_SCOPE).unwrap();
    let url = format!("{base}/openai/v1/");
    let target = ServiceTargetResolver::from_resolver_fn(
        move |target: ServiceTarget| -> genai::resolver::Result<ServiceTarget> {
            let endpoint = Endpoint::from_owned(url.clone());
            https_only(ServiceTarget { endpoint, ..target })
        },
    );
    Client::builder()
        .with_auth_resolver(auth_resolver(provider))
        .with_service_target_resolver(target)
        .build()
        .unwrap()
}

#[tokio::test]
async fn each_request_has_the_present_token() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let (service, headers) = start().await;
    let client = client(&service.url(), Arc::clone(&credential));
    let ask = async || {
        let answer = client
            .exec_chat("gpt-4o", ChatRequest::from_user("hi"), None)
            .await;
        assert_eq!(answer.unwrap().first_text(), Some("hello"));
    };
    ask().await;
    let first = credential.get_token(&[COGNITIVE_SERVICES_SCOPE]).await.unwrap();
    let rejected = identity_base::TokenRequest::new(COGNITIVE_SERVICES_SCOPE).rejected(&first);
    let second = credential.get_token_with(rejected).await.unwrap();
    ask().await;
    assert_eq!(
        *headers.lock().unwrap(),
        [first.header().clone(), second.header().clone()]
    );
    emulator.requests().token().exactly(2);
    guard.finish();
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let guard = LeakGuard::new();
    let emulator = adapter_testkit::emulator(&"another one".into()).await;
    let secret = guard.secret("wrong secret");
    let (service, headers) = start().await;
    let client = client(&service.url(), adapter_testkit::client_secret(&emulator, &secret));
    let error = client
        .exec_chat("gpt-4o", ChatRequest::from_user("hi"), None)
        .await
        .unwrap_err();
    let text = format!("{error:?} {error}");
    assert!(
        text.contains("AADSTS") && !text.contains(secret.expose()),
        "{text}"
    );
    assert!(headers.lock().unwrap().is_empty());
    guard.finish();
}

#[test]
fn https_only_passes_https_and_this_machine() {
    let check = |url: &str| {
        https_only(ServiceTarget {
            endpoint: Endpoint::from_owned(url.to_owned()),
            auth: AuthData::from_single("token"),
            model: ModelIden::new(AdapterKind::OpenAI, "gpt-4o"),
        })
    };
    for url in [
        "https://service.test/v1/",
        "http://localhost:8080/",
        "http://127.9.9.9/",
        "http://[::1]/",
    ] {
        assert_eq!(check(url).unwrap().endpoint.base_url(), url);
    }
    for url in [
        "http://service.test/v1/",
        "http://localhost@service.test/",
        "http://10.0.0.1/",
        "service.test",
        "/v1/",
        "http://127.0.0.1\\@service.test/",
        "",
    ] {
        let text = check(url).unwrap_err().to_string();
        assert!(text.contains("refused to send a token"), "{url}: {text}");
    }
    let text = check("http://service.test/").unwrap_err().to_string();
    assert!(
        text.contains("service.test") && text.contains("https endpoint"),
        "{text}"
    );
}

#[tokio::test]
async fn a_refused_target_fails_the_call() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let client = client("http://service.test", credential);
    let asked = client.exec_chat("gpt-4o", ChatRequest::from_user("hi"), None);
    let text = asked.await.unwrap_err().to_string();
    assert!(text.contains("refused to send a token to service.test"), "{text}");
    guard.finish();
}
