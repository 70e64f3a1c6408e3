//! The SDK's pipeline with a real credential of ours, whose token service is the emulator over TLS.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential as AzureCredential;
use azure_core::http::headers::{AUTHORIZATION, Headers, WWW_AUTHENTICATE};
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{
    AsyncRawResponse, ClientOptions as AzureOptions, Context, HttpClient, Method, Pipeline, Request,
    StatusCode, Transport,
};
use identity_azure_core::{ClaimsPolicy, ForAzureCore, FromAzureCore, TransportClient};
use identity_base::{Authority, Secret, TokenCredential};
use identity_confidential::{ClientOptions, ClientSecretCredential};
use identity_emulator::{App, Emulator};
use identity_testkit::leak_guard::LeakGuard;
use identity_transport::HyperTransport;

const CHALLENGE: &str = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxIn19fQ==""#;
const SCOPE: &str = "https://management.azure.com/.default";

/// Has revoked the first token that it sees.
#[derive(Debug, Default)]
struct Service {
    revoked: Mutex<Option<String>>,
    calls: AtomicUsize,
}

#[async_trait]
impl HttpClient for Service {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let sent = request.headers().get_str(&AUTHORIZATION)?.to_owned();
        let revoked = self
            .revoked
            .lock()
            .unwrap()
            .get_or_insert_with(|| sent.clone())
            .clone();
        let mut headers = Headers::new();
        let mut status = StatusCode::Ok;
        if sent == revoked {
            headers.insert(WWW_AUTHENTICATE, CHALLENGE);
            status = StatusCode::Unauthorized;
        }
        Ok(AsyncRawResponse::from_bytes(status, headers, ""))
    }
}

async fn start(secret: &Secret) -> (Emulator, Arc<dyn TokenCredential>) {
    let app = App::confidential("daemon").secret(secret.expose());
    let emulator = Emulator::builder().app(app).start().await.unwrap();
    let options = ClientOptions::default()
        .with_authority(Authority::parse(emulator.authority()).unwrap())
        .with_disable_instance_discovery(true)
        .with_extra_roots(emulator.ca_pem().into_bytes());
    let (tenant, client) = (emulator.tenant_id(), emulator.client_id());
    let builder = ClientSecretCredential::builder(tenant, client, secret.clone()).with_options(&options);
    let credential = builder.build().unwrap();
    (emulator, Arc::new(credential))
}

/// A pipeline as client libraries build it.
fn pipeline(credential: Arc<dyn AzureCredential>, options: AzureOptions) -> Pipeline {
    let authorize: Arc<dyn Policy> = Arc::new(BearerTokenAuthorizationPolicy::new(credential, [SCOPE]));
    Pipeline::new(
        Some("client"),
        Some("1.0.0"),
        options,
        vec![],
        vec![authorize],
        None,
    )
}

#[tokio::test]
async fn five_calls_with_a_revoked_token_cost_one_more_token_request() {
    let guard = LeakGuard::new();
    let (emulator, credential) = start(&guard.secret("client secret")).await;
    let service = Arc::new(Service::default());
    let client: Arc<dyn HttpClient> = service.clone();
    let claims = ClaimsPolicy::new(Arc::clone(&credential), SCOPE).unwrap();
    let options = AzureOptions {
        per_try_policies: vec![Arc::new(claims)],
        transport: Some(Transport::new(client)),
        ..AzureOptions::default()
    };
    let pipeline = pipeline(
        ForAzureCore::new(credential).enable_cae(true).into_shared(),
        options,
    );
    for _ in 0..5 {
        let mut request = Request::new("https://service.test/".parse().unwrap(), Method::Get);
        let answer = pipeline.send(&Context::new(), &mut request, None).await.unwrap();
        assert_eq!(answer.status(), StatusCode::Ok);
    }
    assert_eq!(service.calls.load(Ordering::SeqCst), 6);
    let requests = emulator.requests().token().exactly(2);
    let claims = requests.last().unwrap().form("claims").unwrap();
    assert!(
        claims.contains("nbf") && claims.to_lowercase().contains("cp1"),
        "{claims}"
    );
    guard.finish();
}

#[tokio::test]
async fn our_transport_carries_the_pipeline() {
    let guard = LeakGuard::new();
    let (emulator, credential) = start(&guard.secret("client secret")).await;
    let transport = HyperTransport::builder()
        .extra_root_pem(emulator.ca_pem())
        .unwrap()
        .build();
    let options = AzureOptions {
        transport: Some(Transport::new(Arc::new(TransportClient::new(Arc::new(
            transport,
        ))))),
        ..AzureOptions::default()
    };
    let pipeline = pipeline(ForAzureCore::new(credential).into_shared(), options);
    let url = format!(
        "{}/{}/v2.0/.well-known/openid-configuration",
        emulator.authority(),
        emulator.tenant_id()
    );
    let mut request = Request::new(url.parse().unwrap(), Method::Get);
    let answer = pipeline.send(&Context::new(), &mut request, None).await.unwrap();
    assert_eq!(answer.status(), StatusCode::Ok);
    let text = String::from_utf8(answer.into_body().to_vec()).unwrap();
    assert!(text.contains("token_endpoint"), "{text}");
    guard.finish();
}

#[tokio::test]
async fn there_and_back_it_is_the_same_token() {
    let guard = LeakGuard::new();
    let (emulator, credential) = start(&guard.secret("client secret")).await;
    let back = FromAzureCore::new(ForAzureCore::new(Arc::clone(&credential)).into_shared());
    let (ours, theirs) = (
        credential.get_token(&[SCOPE]).await.unwrap(),
        back.get_token(&[SCOPE]).await.unwrap(),
    );
    assert!(ours.is_same(&theirs));
    assert_eq!(ours.expires_on(), theirs.expires_on());
    emulator.requests().token().exactly(1);
    guard.finish();
}
