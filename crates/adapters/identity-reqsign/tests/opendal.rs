//! OpenDAL's blob service, and a signer of reqsign alone, with a real credential and a blob service on the loopback interface.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::error::Error as _;
use std::sync::Arc;

use adapter_testkit::BlobService;
use http::{Request, Response};
use identity_base::seam::{HttpClient, HttpRequest};
use identity_base::{Error, ErrorKind, TokenCredential, bearer_token_provider};
use identity_reqsign::{ForReqsign, SCOPE};
use identity_testkit::leak_guard::LeakGuard;
use identity_transport::HyperTransport;
use opendal_core::{Buffer, HttpBody, HttpTransport, HttpTransporter, OperationContext, Operator};
use opendal_service_azblob::Azblob;
use reqsign_azure_storage::RequestSigner;
use reqsign_core::{Context, ErrorKind as ReqsignKind, ProvideCredentialChain, Signer};

/// OpenDAL's requests over our transport.
struct Transport(HyperTransport);

impl HttpTransport for Transport {
    async fn fetch(&self, request: Request<Buffer>) -> opendal_core::Result<Response<HttpBody>> {
        let (parts, body) = request.into_parts();
        let mut ours = HttpRequest::get(parts.uri);
        ours.method = parts.method;
        ours.headers = parts.headers;
        ours.body = Arc::new(zeroize::Zeroizing::new(body.to_vec()));
        let answer = self.0.send(ours).await.unwrap();
        let body = Buffer::from(answer.body.to_vec());
        let size = u64::try_from(body.len()).unwrap();
        let stream = futures_util::stream::iter([Ok(body)]);
        let mut response = Response::new(HttpBody::new(stream, Some(size)));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

fn operator(service: &BlobService, credential: Arc<dyn TokenCredential>) -> Operator {
    let provider = bearer_token_provider(credential, SCOPE).unwrap();
    let builder = Azblob::default()
        .endpoint(&service.url())
        .container("box")
        .credential_provider_chain(ProvideCredentialChain::new().push(ForReqsign::new(provider)));
    let transport = HyperTransport::builder()
        .extra_root_pem(service.ca_pem())
        .unwrap()
        .build();
    let transport = HttpTransporter::new(Transport(transport));
    Operator::new(builder)
        .unwrap()
        .with_context(OperationContext::new().with_http_transport(transport))
}

#[tokio::test]
async fn opendal_writes_lists_reads_and_deletes_with_our_token() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let service = BlobService::tls().await;
    service.create_container("box");
    let operator = operator(&service, Arc::clone(&credential));

    operator.write("greeting", "hello").await.unwrap();
    let names: Vec<_> = operator
        .list("")
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.name().to_owned())
        .collect();
    assert_eq!(names, ["greeting"]);
    assert_eq!(operator.read("greeting").await.unwrap().to_vec(), b"hello");
    operator.delete("greeting").await.unwrap();
    assert!(!operator.exists("greeting").await.unwrap());

    let token = credential.get_token(&[SCOPE]).await.unwrap();
    let calls = service.calls();
    assert!(calls.len() >= 5, "{calls:?}");
    assert!(calls.iter().all(|call| call.token == token.secret()));
    emulator.requests().token().exactly(1);
    guard.finish();
}

#[tokio::test]
async fn without_a_token_opendal_sends_nothing() {
    let guard = LeakGuard::new();
    let emulator = adapter_testkit::emulator(&"another one".into()).await;
    let secret = guard.secret("wrong secret");
    let service = BlobService::tls().await;
    let operator = operator(&service, adapter_testkit::client_secret(&emulator, &secret));
    let error = operator.write("greeting", "hello").await.unwrap_err();
    assert!(!error.is_temporary(), "{error}");
    assert!(!format!("{error:?} {error}").contains(secret.expose()));
    assert_eq!(service.calls(), []);
    guard.finish();
}

/// A signer without a chain passes our error on.
#[tokio::test]
async fn a_signer_gives_the_token_and_the_reason_why_there_is_none() {
    let guard = LeakGuard::new();
    let secret = guard.secret("client secret");
    let emulator = adapter_testkit::emulator(&secret).await;
    let sign = async |credential: &Arc<dyn TokenCredential>| {
        let provider = bearer_token_provider(Arc::clone(credential), SCOPE).unwrap();
        let signer = Signer::new(Context::new(), ForReqsign::new(provider), RequestSigner::new());
        let request = Request::get("https://account.blob.core.windows.net/box/blob");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let header = |parts: &http::request::Parts| parts.headers.get(http::header::AUTHORIZATION).cloned();
        for _ in 0..3 {
            signer.sign(&mut parts, None).await?;
        }
        Ok::<_, reqsign_core::Error>(header(&parts).unwrap())
    };

    let credential = adapter_testkit::client_secret(&emulator, &secret);
    let header = sign(&credential).await.unwrap();
    let token = credential.get_token(&[SCOPE]).await.unwrap();
    assert_eq!(header.as_bytes(), token.header().as_bytes());
    emulator.requests().token().exactly(1);

    let wrong = guard.secret("wrong secret");
    let error = sign(&adapter_testkit::client_secret(&emulator, &wrong))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ReqsignKind::CredentialInvalid);
    let ours = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(ours.kind(), ErrorKind::AuthenticationFailed, "{error}");
    assert!(!format!("{error:?} {error}").contains(wrong.expose()));
    guard.finish();
}
