//! Where the layer sends a token without TLS.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests fail the test"
)]

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use identity_base::{
    AccessToken, BearerTokenProvider, TokenCredential, TokenFuture, TokenRequest, bearer_token_provider,
};
use identity_testkit::leak_guard::LeakGuard;
use identity_tower::{AuthorizationError, AuthorizationLayer};
use tower_layer::Layer as _;
use tower_service::Service;

/// Counts how often it is asked.
#[derive(Debug)]
struct Credential(LeakGuard, AtomicUsize);

impl TokenCredential for Credential {
    fn get_token_with(&self, _: TokenRequest<'_>) -> TokenFuture<'_> {
        let number = self.1.fetch_add(1, Ordering::SeqCst);
        TokenFuture::ready(AccessToken::from_parts(
            &self.0.secret(&format!("token {number}")),
            0,
            None,
        ))
    }
    fn name(&self) -> &'static str {
        "Credential"
    }
}

/// Stands in for the network: whatever gets here would be sent.
#[derive(Clone, Default)]
struct Network(Arc<Mutex<Vec<String>>>);

impl Service<Request<()>> for Network {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(request.headers().contains_key(AUTHORIZATION));
        self.0.lock().unwrap().push(request.uri().to_string());
        ready(Ok(Response::new(())))
    }
}

/// Sends to each of `uris`; what arrived, and what was refused.
async fn send(
    provider: &BearerTokenProvider,
    allow: Option<bool>,
    uris: &[&str],
) -> (Vec<String>, Vec<String>) {
    let network = Network::default();
    let mut layer = AuthorizationLayer::new(provider.clone());
    if let Some(allow) = allow {
        layer = layer.allow_plain_http(allow);
    }
    let mut service = layer.layer(network.clone());
    let mut refused = Vec::new();
    for uri in uris {
        poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
        let request = Request::builder().uri(*uri).body(()).unwrap();
        match service.call(request).await {
            Ok(_) => {}
            Err(error) => {
                let text = error.to_string();
                let AuthorizationError::PlainHttp(ours) = error else {
                    panic!("{text}");
                };
                assert!(
                    text.contains(ours.host()) && text.contains("allow_plain_http"),
                    "{text}"
                );
                refused.push(ours.host().to_owned());
            }
        }
    }
    let sent = network.0.lock().unwrap().clone();
    (sent, refused)
}

#[tokio::test]
async fn tokens_go_over_https_or_stay_on_the_machine() {
    let guard = LeakGuard::new();
    let credential = Arc::new(Credential(guard.clone(), AtomicUsize::new(0)));
    let shared: Arc<dyn TokenCredential> = credential.clone();
    let provider = bearer_token_provider(shared, "https://management.azure.com/.default").unwrap();

    let remote = [
        "http://service.test/",
        "HTTP://10.0.0.1/",
        "http://localhost@service.test/",
        "http://[::2]/",
    ];
    for allow in [None, Some(false)] {
        let (sent, refused) = send(&provider, allow, &remote).await;
        assert_eq!(sent, [""; 0], "nothing is sent");
        assert_eq!(refused, ["service.test", "10.0.0.1", "service.test", "[::2]"]);
    }
    assert_eq!(credential.1.load(Ordering::SeqCst), 0, "nothing is fetched");

    let safe = [
        "https://service.test/",
        "http://localhost:8080/",
        "http://127.0.0.1/",
        "http://127.9.9.9/",
        "http://[::1]:8080/",
        // Whoever adds the scheme is further in.
        "/api/v1/pods",
        "*",
        "service.test:80",
    ];
    assert_eq!(send(&provider, None, &safe).await.0, safe);
    assert_eq!(send(&provider, Some(true), &remote[..1]).await.0, remote[..1]);
    guard.finish();
}
