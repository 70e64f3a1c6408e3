//! Tests of the claims policy, against a credential and a service in memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Method};
use identity_base::{ErrorKind, TokenFuture};
use identity_testkit::leak_guard::LeakGuard;
use tokio::sync::Barrier;

use super::*;

const CHALLENGE: &str = r#"Bearer error="insufficient_claims", claims="eyJhIjoxfQ==""#;

/// Gives the second of two tokens when it is asked for claims.
#[derive(Debug)]
struct Credential {
    tokens: [AccessToken; 2],
    asked: AtomicUsize,
    fails: bool,
}

impl TokenCredential for Credential {
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        assert!(request.is_cae_enabled());
        if let Some(claims) = request.requested_claims() {
            assert_eq!(claims, r#"{"a":1}"#);
            assert!(request.rejected_token().unwrap().is_same(&self.tokens[0]));
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        TokenFuture::new(async move {
            // Others get to wait for the turn.
            tokio::task::yield_now().await;
            if self.fails {
                return Err(Error::new(ErrorKind::AuthenticationRequired, "sign in"));
            }
            Ok(self.tokens[1].clone())
        })
    }
    fn name(&self) -> &'static str {
        "Credential"
    }
}

/// Accepts the second token alone. Those that bring the first one wait for each other.
#[derive(Debug)]
struct Service {
    accepted: AccessToken,
    challenge: &'static str,
    calls: AtomicUsize,
    together: Barrier,
}

#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and a named lifetime would not match the trait"
)]
#[async_trait]
impl Policy for Service {
    async fn send(&self, _: &Context, request: &mut Request, _: &[Arc<dyn Policy>]) -> PolicyResult {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut headers = Headers::new();
        if bearer(request).is_some_and(|token| token.is_same(&self.accepted)) {
            return Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, headers, ""));
        }
        self.together.wait().await;
        headers.insert(WWW_AUTHENTICATE, self.challenge);
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::Unauthorized,
            headers,
            "",
        ))
    }
}

struct World {
    guard: LeakGuard,
    credential: Arc<Credential>,
    service: Arc<Service>,
    policy: Arc<ClaimsPolicy>,
}

fn world(together: usize, challenge: &'static str, fails: bool) -> World {
    let guard = LeakGuard::new();
    let token = |name| AccessToken::from_parts(&guard.secret(name), 0, None).unwrap();
    let tokens = [token("first"), token("second")];
    let service = Arc::new(Service {
        accepted: tokens[1].clone(),
        challenge,
        calls: AtomicUsize::new(0),
        together: Barrier::new(together),
    });
    let credential = Arc::new(Credential {
        tokens,
        asked: AtomicUsize::new(0),
        fails,
    });
    let shared: Arc<dyn TokenCredential> = credential.clone();
    let policy = Arc::new(ClaimsPolicy::new(shared, "api://a/.default").unwrap());
    World {
        guard,
        credential,
        service,
        policy,
    }
}

impl World {
    /// A request with the first token, as a client sends it that knows of nothing.
    fn send(&self) -> impl Future<Output = azure_core::Result<StatusCode>> + Send + 'static {
        let (policy, service) = (Arc::clone(&self.policy), Arc::clone(&self.service));
        let mut request = Request::new("https://service.test/".parse().unwrap(), Method::Get);
        authorize(&mut request, &self.credential.tokens[0]);
        async move {
            let next: [Arc<dyn Policy>; 1] = [service];
            let answer = policy.send(&Context::new(), &mut request, &next).await?;
            Ok(answer.status())
        }
    }

    fn counts(&self) -> (usize, usize) {
        (
            self.service.calls.load(Ordering::SeqCst),
            self.credential.asked.load(Ordering::SeqCst),
        )
    }

    fn finish(self) {
        let shown = format!("{:?}", self.policy);
        for token in &self.credential.tokens {
            assert!(!shown.contains(token.secret()), "{shown}");
        }
        self.guard.finish();
    }
}

#[tokio::test]
async fn one_revocation_costs_one_answer_and_one_fetch() {
    let world = world(1, CHALLENGE, false);
    for _ in 0..5 {
        assert_eq!(world.send().await.unwrap(), StatusCode::Ok);
    }
    assert_eq!(world.counts(), (6, 1));
    world.finish();
}

#[tokio::test]
async fn requests_that_are_challenged_together_share_a_fetch() {
    let world = world(8, CHALLENGE, false);
    let all: Vec<_> = (0..8).map(|_| tokio::spawn(world.send())).collect();
    for one in all {
        assert_eq!(one.await.unwrap().unwrap(), StatusCode::Ok);
    }
    assert_eq!(world.counts(), (16, 1));
    world.finish();
}

#[tokio::test]
async fn a_failure_is_shared_too_and_is_a_credential_error() {
    let world = world(8, CHALLENGE, true);
    let all: Vec<_> = (0..8).map(|_| tokio::spawn(world.send())).collect();
    for one in all {
        let error = one.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), &azure_core::error::ErrorKind::Credential);
    }
    assert_eq!(world.counts(), (8, 1));
    world.finish();
}

#[tokio::test]
async fn other_refusals_and_other_schemes_go_to_the_client() {
    let world = world(1, "Bearer error=invalid_token", false);
    assert_eq!(world.send().await.unwrap(), StatusCode::Unauthorized);
    assert_eq!(world.counts(), (1, 0));
    let mut request = Request::new("https://service.test/".parse().unwrap(), Method::Get);
    for header in ["SharedKey a:b", "Bearer", "é"] {
        request.insert_header(AUTHORIZATION, header);
        assert!(bearer(&request).is_none(), "{header}");
    }
    world.finish();
}

#[test]
fn the_memory_of_rejected_tokens_is_bounded() {
    let mut state = State::default();
    for number in 0..100 {
        let token = AccessToken::from_parts(&format!("t{number}").into(), 0, None).unwrap();
        state.reject(&token);
        state.reject(&token);
    }
    assert_eq!(state.rejected.len(), REMEMBERED);
    assert_eq!(state.rejected.last().unwrap().secret(), "t99");
}

/// The service accepts the second token: one that was rejected before would have it put on in its place.
#[tokio::test]
async fn without_tls_no_token_goes_to_another_machine() {
    let world = world(1, CHALLENGE, false);
    let send = async |policy: &ClaimsPolicy, url: &str, signed: bool| {
        let mut request = Request::new(url.parse().unwrap(), Method::Get);
        if signed {
            authorize(&mut request, &world.credential.tokens[1]);
        }
        let next: [Arc<dyn Policy>; 1] = [world.service.clone()];
        policy.send(&Context::new(), &mut request, &next).await
    };
    for url in ["http://service.test/", "http://10.0.0.1/"] {
        let error = send(&world.policy, url, true).await.unwrap_err();
        assert_eq!(error.kind(), &azure_core::error::ErrorKind::Other);
        assert!(error.to_string().contains(url.trim_end_matches('/')), "{error}");
    }
    assert_eq!(world.counts(), (0, 0));
    for url in [
        "https://service.test/",
        "http://localhost/",
        "http://127.0.0.1/",
        "http://[::1]/",
    ] {
        assert!(send(&world.policy, url, true).await.is_ok(), "{url}");
    }
    assert_eq!(world.counts(), (4, 0));
    // Without a token there is nothing to protect.
    let answer = send(&world.policy, "http://service.test/", false).await;
    assert_eq!(answer.unwrap().status(), StatusCode::Unauthorized);
    let shared: Arc<dyn TokenCredential> = world.credential.clone();
    let open = ClaimsPolicy::new(shared, "api://a/.default")
        .unwrap()
        .allow_plain_http(true);
    assert!(send(&open, "http://service.test/", true).await.is_ok());
    assert_eq!(world.counts(), (6, 0));
    world.finish();
}
