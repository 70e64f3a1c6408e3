//! A reqwest client with the middleware and a real credential, whose token service is the emulator over TLS.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::{Arc, Mutex};

use adapter_testkit::{CHALLENGE, HttpService};
use bytes::Bytes;
use futures_util::future::join_all;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use identity_base::{Error as TokenError, ErrorKind, TokenCredential, bearer_token_provider};
use identity_reqwest::Authorization;
use identity_testkit::leak_guard::LeakGuard;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error};
use tokio::sync::Barrier;

const SCOPE: &str = "https://management.azure.com/.default";

/// Has revoked the first token that it sees, or any.
struct Api {
    service: HttpService,
    calls: Arc<Mutex<Vec<(HeaderValue, Bytes)>>>,
}

impl Api {
    /// `together`: how many with the first token wait for each other.
    async fn start(together: usize, strict: bool) -> Self {
        let calls = Arc::new(Mutex::new(Vec::<(HeaderValue, Bytes)>::new()));
        let barrier = Arc::new(Barrier::new(together));
        let noted = Arc::clone(&calls);
        let service = HttpService::plain(move |request: adapter_testkit::Request| {
            let (noted, barrier) = (Arc::clone(&noted), Arc::clone(&barrier));
            async move {
                let header = request.headers()[AUTHORIZATION].clone();
                let revoked = {
                    let mut calls = noted.lock().unwrap();
                    calls.push((header.clone(), request.into_body()));
                    calls.first().is_some_and(|first| first.0 == header)
                };
                let mut reply = http::Response::new(Bytes::new());
                if revoked && !strict {
                    barrier.wait().await;
                }
                if revoked || strict {
                    *reply.status_mut() = StatusCode::UNAUTHORIZED;
                    let challenge = HeaderValue::from_static(CHALLENGE);
                    reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
                reply
            }
        })
        .await;
        Self { service, calls }
    }

    fn calls(&self) -> Vec<(HeaderValue, Bytes)> {
        self.calls.lock().unwrap().clone()
    }

    async fn post(&self, client: &ClientWithMiddleware) -> Result<StatusCode, Error> {
        let request = client.post(self.service.url()).body("body");
        Ok(request.send().await?.status())
    }
}

fn client(credential: Arc<dyn TokenCredential>, cae: bool) -> ClientWithMiddleware {
    adapter_testkit::install_ring();
    let provider = bearer_token_provider(credential, SCOPE).unwrap();
    ClientBuilder::new(reqwest::Client::new())
        .with(Authorization::new(provider).enable_cae(cae))
        .build()
}

#[tokio::test]
async fn a_revoked_token_costs_one_answer_and_one_token_request() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    for cae in [false, true] {
        let emulator = adapter_testkit::emulator(&secret).await;
        let client = client(adapter_testkit::client_secret(&emulator, &secret), cae);
        let api = Api::start(1, false).await;
        for _ in 0..5 {
            assert_eq!(api.post(&client).await.unwrap(), StatusCode::OK);
        }
        let calls = api.calls();
        assert_eq!(calls.len(), 6);
        assert!(calls.iter().all(|(_, body)| body == "body"));
        let requests = emulator.requests().token().exactly(2);
        let claims = requests.last().unwrap().form("claims").unwrap().to_owned();
        assert!(claims.contains("nbf"), "{claims}");
        assert_eq!(claims.to_lowercase().contains("cp1"), cae, "{claims}");
    }
    guard.finish();
}

#[tokio::test]
async fn requests_that_are_challenged_together_share_a_token_request() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let client = client(adapter_testkit::client_secret(&emulator, &secret), true);
    let api = Api::start(8, false).await;
    for status in join_all((0..8).map(|_| api.post(&client))).await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    assert_eq!(api.calls().len(), 16, "all of them were challenged");
    emulator.requests().token().exactly(2);
    guard.finish();
}

#[tokio::test]
async fn a_second_challenge_and_one_of_a_stream_go_to_the_caller() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let client = client(adapter_testkit::client_secret(&emulator, &secret), true);
    let api = Api::start(1, true).await;
    assert_eq!(api.post(&client).await.unwrap(), StatusCode::UNAUTHORIZED);
    assert_eq!(api.calls().len(), 2);

    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>("body")]);
    let request = client
        .post(api.service.url())
        .body(reqwest::Body::wrap_stream(stream));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(api.calls().len(), 3, "a stream is sent once");
    emulator.requests().token().exactly(2);
    guard.finish();
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let guard = LeakGuard::new();
    let emulator = adapter_testkit::emulator(&"another one".into()).await;
    let secret = guard.secret("wrong secret");
    let client = client(adapter_testkit::client_secret(&emulator, &secret), false);
    let api = Api::start(1, false).await;
    let error = api.post(&client).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(secret.expose()));
    let Error::Middleware(error) = error else {
        panic!("the credential's error is expected");
    };
    let ours = error.downcast_ref::<TokenError>().unwrap();
    assert_eq!(ours.kind(), ErrorKind::AuthenticationFailed);
    assert!(api.calls().is_empty());
    guard.finish();
}
