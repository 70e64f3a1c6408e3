//! The conformance suite of transports, and a credential that has no other transport.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::Arc;

use adapter_testkit::HttpService;
use identity_base::seam::{
    ConnectPolicy, HttpClient as _, HttpErrorKind, HttpRequest, HttpTimeouts, ServerIdentity,
};
use identity_base::{Authority, ErrorKind, TokenCredential as _};
use identity_confidential::{ClientOptions, ClientSecretCredential};
use identity_emulator::Emulator;
use identity_reqwest::ReqwestTransport;
use identity_testkit::leak_guard::LeakGuard;
use identity_testkit::transport_conformance::assert_conforms;

fn transport(root: &str) -> ReqwestTransport {
    adapter_testkit::install_ring();
    let roots: Vec<_> = match root {
        "" => Vec::new(),
        pem => vec![reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()],
    };
    ReqwestTransport::new(|builder| builder.tls_certs_merge(roots.clone())).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_what_every_transport_has_to() {
    assert_conforms(&transport("")).await;
}

fn credential(emulator: &Emulator, secret: identity_base::Secret, root: &str) -> ClientSecretCredential {
    let options = ClientOptions::default()
        .with_authority(Authority::parse(emulator.authority()).unwrap())
        .with_disable_instance_discovery(true)
        .with_transport(Arc::new(transport(root)));
    let (tenant, client) = (emulator.tenant_id(), emulator.client_id());
    ClientSecretCredential::builder(tenant, client, secret)
        .with_options(&options)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_credential_gets_its_token_over_it() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = credential(&emulator, secret, &emulator.ca_pem());
    for scope in ["https://a.test/.default", "https://vault.azure.net/.default"] {
        // The first one does not exist: the refusal comes through as well as the token.
        let answer = credential.get_token(&[scope]).await;
        match scope.contains("vault") {
            true => assert!(!answer.unwrap().secret().is_empty()),
            false => assert_eq!(answer.unwrap_err().kind(), ErrorKind::AuthenticationFailed),
        }
    }
    emulator.requests().token().exactly(2);
    guard.finish();
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = credential(&emulator, secret.clone(), "");
    let error = credential
        .get_token(&["https://vault.azure.net/.default"])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert!(!format!("{error:?} {error}").contains(secret.expose()));
    emulator.requests().token().exactly(0);
    guard.finish();
}

#[tokio::test]
async fn identities_that_reqwest_cannot_check_are_left_to_the_default_transport() {
    let service = HttpService::tls(|_| async { http::Response::new(bytes::Bytes::new()) }).await;
    let transport = transport(service.ca_pem());
    let uri: http::Uri = service.url().parse().unwrap();
    let pinned = ConnectPolicy::new().server(ServerIdentity::Thumbprint([1; 20]));
    let request = HttpRequest::get(uri.clone()).policy(pinned);
    let error = transport.send(request).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Unsupported);
    assert!(!error.request_sent);
    assert_eq!(transport.send(HttpRequest::get(uri)).await.unwrap().status, 200);
}

/// A name is resolved, and the service sees it.
#[tokio::test]
async fn plain_http_to_a_local_name_keeps_the_host_header() {
    let service = HttpService::plain(|request| async move {
        let host = request.headers()[http::header::HOST].clone();
        http::Response::new(bytes::Bytes::copy_from_slice(host.as_bytes()))
    })
    .await;
    let url = service.url().replace("127.0.0.1", "localhost");
    let request = HttpRequest::get(url.parse().unwrap()).policy(ConnectPolicy::metadata());
    let answer = transport("").send(request).await.unwrap();
    assert_eq!(
        answer.body.as_slice(),
        url.trim_start_matches("http://").as_bytes()
    );
}

#[tokio::test]
async fn a_long_page_of_a_failure_is_cut_and_a_long_answer_is_refused() {
    let service = HttpService::plain(|request| async move {
        let mut reply = http::Response::new(bytes::Bytes::from(vec![b'x'; 2000]));
        if request.uri().path() == "/fails" {
            *reply.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        }
        reply
    })
    .await;
    let ask = async |path: &str| {
        let uri = format!("{}{path}", service.url()).parse().unwrap();
        let request = HttpRequest::get(uri)
            .policy(ConnectPolicy::metadata())
            .max_body(1000)
            .max_error_body(500);
        transport("").send(request).await
    };
    let page = ask("/fails").await.unwrap();
    assert_eq!((page.status.as_u16(), page.body.len()), (503, 500));
    assert_eq!(ask("/").await.unwrap_err().kind, HttpErrorKind::TooLarge);
}

/// Nobody accepts the connection, so TLS never begins: the limit is that of connecting, and nothing was sent.
#[tokio::test]
async fn a_server_that_does_not_finish_tls_was_sent_nothing() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut limits = HttpTimeouts::new();
    limits.resolve = std::time::Duration::ZERO;
    limits.connect = std::time::Duration::ZERO;
    limits.tls = std::time::Duration::from_millis(100);
    let uri = format!("https://{}/", listener.local_addr().unwrap());
    let request = HttpRequest::get(uri.parse().unwrap()).timeouts(limits);
    let error = transport("").send(request).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Timeout, "{error}");
    assert!(!error.request_sent);
}

#[test]
fn without_a_runtime_it_says_so() {
    let transport = transport("");
    let request = HttpRequest::get(http::Uri::from_static("https://localhost/"));
    let answer = futures_util::FutureExt::now_or_never(transport.send(request)).unwrap();
    assert_eq!(answer.unwrap_err().kind, HttpErrorKind::NoRuntime);
}
