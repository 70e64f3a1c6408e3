//! The layer with a real credential, whose token service is the emulator over TLS.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::future::join_all;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use identity_base::{
    AccessToken, Authority, ErrorKind, TokenCredential, TokenFuture, TokenRequest, bearer_token_provider,
};
use identity_confidential::{ClientOptions, ClientSecretCredential};
use identity_emulator::{App, Emulator};
use identity_testkit::leak_guard::LeakGuard;
use identity_tower::{AuthorizationError, AuthorizationLayer};
use tower_layer::Layer as _;
use tower_service::Service;

const CHALLENGE: &str = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxIn19fQ==""#;
const SCOPE: &str = "https://management.azure.com/.default";

/// Has revoked the first token that it sees, and whatever else while `strict`.
#[derive(Clone, Default)]
struct Api {
    revoked: Arc<Mutex<Option<HeaderValue>>>,
    calls: Arc<AtomicUsize>,
    strict: bool,
}

impl Service<Request<&'static str>> for Api {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<&'static str>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::SeqCst);
        assert_eq!(*request.body(), "body");
        let header = request.headers()[AUTHORIZATION].clone();
        assert!(header.is_sensitive());
        let revoked = self
            .revoked
            .lock()
            .unwrap()
            .get_or_insert_with(|| header.clone())
            .clone();
        let mut response = Response::new(());
        if self.strict || revoked == header {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            let challenge = HeaderValue::from_static(CHALLENGE);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        ready(Ok(response))
    }
}

fn credential(emulator: &Emulator, secret: identity_base::Secret) -> Arc<dyn TokenCredential> {
    let options = ClientOptions::default()
        .with_authority(Authority::parse(emulator.authority()).unwrap())
        .with_disable_instance_discovery(true)
        .with_extra_roots(emulator.ca_pem().into_bytes());
    let (tenant, client) = (emulator.tenant_id(), emulator.client_id());
    let builder = ClientSecretCredential::builder(tenant, client, secret).with_options(&options);
    Arc::new(builder.build().unwrap())
}

async fn call<S: Service<Request<&'static str>>>(service: &mut S) -> Result<S::Response, S::Error> {
    std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(Request::new("body")).await
}

#[tokio::test]
async fn a_revoked_token_costs_one_answer_and_one_token_request() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = Emulator::builder()
        .app(App::confidential("daemon").secret(secret.expose()))
        .start()
        .await
        .unwrap();
    for cae in [false, true] {
        let before = emulator.requests().token().count();
        let provider = bearer_token_provider(credential(&emulator, secret.clone()), SCOPE).unwrap();
        let api = Api::default();
        let mut service = AuthorizationLayer::new(provider)
            .enable_cae(cae)
            .layer(api.clone());
        for _ in 0..5 {
            assert_eq!(call(&mut service).await.unwrap().status(), StatusCode::OK);
        }
        assert_eq!(api.calls.load(Ordering::SeqCst), 6);
        assert_eq!(emulator.requests().token().count() - before, 2);
        let requests = emulator.requests().token();
        let claims = requests.last().unwrap().form("claims").unwrap().to_owned();
        assert!(claims.contains("nbf"), "{claims}");
        assert!(!format!("{service:?}").contains(secret.expose()));
    }
    guard.finish();
}

#[tokio::test]
async fn a_second_challenge_goes_to_the_caller() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let app = App::confidential("daemon").secret(secret.expose());
    let emulator = Emulator::builder().app(app).start().await.unwrap();
    let provider = bearer_token_provider(credential(&emulator, secret), SCOPE).unwrap();
    let api = Api {
        strict: true,
        ..Api::default()
    };
    let mut service = AuthorizationLayer::new(provider).layer(api.clone());
    assert_eq!(
        call(&mut service).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(api.calls.load(Ordering::SeqCst), 2);
    guard.finish();
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let guard = LeakGuard::new();
    let app = App::confidential("daemon").secret("another one");
    let emulator = Emulator::builder().app(app).start().await.unwrap();
    let secret = guard.secret("wrong secret");
    let provider = bearer_token_provider(credential(&emulator, secret.clone()), SCOPE).unwrap();
    let api = Api::default();
    let mut service = AuthorizationLayer::new(provider).layer(api.clone());
    let AuthorizationError::Credential(error) = call(&mut service).await.unwrap_err() else {
        panic!("the credential's error is expected");
    };
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
    assert!(!format!("{error:?} {error}").contains(secret.expose()));
    assert_eq!(api.calls.load(Ordering::SeqCst), 0);
    guard.finish();
}

/// Caches nothing: each token is a new one, and only those with claims are good.
#[derive(Debug)]
struct Uncached(AtomicUsize, LeakGuard);

impl TokenCredential for Uncached {
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        let claims = request.requested_claims().is_some();
        assert_eq!(request.rejected_token().is_some(), claims);
        TokenFuture::new(async move {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            let name = if claims { "with claims" } else { "plain" };
            AccessToken::from_parts(&self.1.secret(&format!("{name} {number}")), 0, None)
        })
    }
    fn name(&self) -> &'static str {
        "Uncached"
    }
}

#[tokio::test]
async fn a_credential_without_a_cache_is_asked_for_the_claims() {
    let guard = LeakGuard::new();
    let credential = Arc::new(Uncached(AtomicUsize::new(0), guard.clone()));
    let shared: Arc<dyn TokenCredential> = credential.clone();
    let mut service =
        AuthorizationLayer::new(bearer_token_provider(shared, SCOPE).unwrap()).layer(Api::default());
    assert_eq!(call(&mut service).await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        credential.0.load(Ordering::SeqCst),
        2,
        "one plain token and one with the claims"
    );
    guard.finish();
}

#[tokio::test]
async fn requests_that_are_challenged_together_share_a_token_request() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let app = App::confidential("daemon").secret(secret.expose());
    let emulator = Emulator::builder().app(app).start().await.unwrap();
    let provider = bearer_token_provider(credential(&emulator, secret), SCOPE).unwrap();
    provider.token().await.unwrap();
    let layer = AuthorizationLayer::new(provider);
    let api = Api::default();
    let all = (0..8).map(|_| {
        let mut service = layer.layer(api.clone());
        async move { call(&mut service).await.unwrap().status() }
    });
    for status in join_all(all).await {
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(
        api.calls.load(Ordering::SeqCst),
        16,
        "all of them were challenged"
    );
    emulator.requests().token().exactly(2);
    guard.finish();
}
