//! Whom a transport connects to, and to whom it sends nothing.

use std::sync::Arc;

use identity_base::seam::{ConnectPolicy, HttpClient, HttpErrorKind, HttpRequest, ServerIdentity};

use super::{CANARY, Case, Outcome, RawServer, Step, expect_failure, post, require};

pub(super) const CASES: &[(&str, Case)] = &[
    ("plain http needs a rule that allows it", |t| {
        Box::pin(https_only(t))
    }),
    ("plain http goes to local addresses only", |t| {
        Box::pin(public_address(t))
    }),
    ("a server without TLS gets nothing", |t| Box::pin(plain_server(t))),
    ("other schemes are refused", |t| Box::pin(schemes(t))),
    ("user information is refused", |t| Box::pin(user_information(t))),
];

async fn https_only(transport: &dyn HttpClient) -> Outcome {
    let server = RawServer::answering(200, "").await;
    let request = post(&server, "/").policy(ConnectPolicy::new());
    let kinds = [HttpErrorKind::AddressRefused, HttpErrorKind::Unsupported];
    expect_failure(transport.send(request).await, &kinds, false)?;
    require(server.journal().connections() == 0, || "it connected".to_owned())
}

async fn public_address(transport: &dyn HttpClient) -> Outcome {
    // A documentation address: it is refused before it is connected to, so this never leaves the machine.
    let uri = http::Uri::from_static("http://192.0.2.1/metadata");
    let request = HttpRequest::get(uri).policy(ConnectPolicy::metadata());
    let kinds = [HttpErrorKind::AddressRefused, HttpErrorKind::Unsupported];
    expect_failure(transport.send(request).await, &kinds, false)
}

async fn plain_server(transport: &dyn HttpClient) -> Outcome {
    for identity in [
        ServerIdentity::PublicRoots,
        ServerIdentity::Thumbprint([7; 20]),
        ServerIdentity::Roots {
            pem: Arc::from(ROOT.as_bytes()),
            server_name: Some("localhost".into()),
        },
    ] {
        let answer = Step::send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        let server = RawServer::start(vec![vec![answer, Step::Hang]]).await;
        let mut request = post(&server, "/").policy(ConnectPolicy::new().server(identity.clone()));
        request.uri = server.uri("https", "/");
        let kinds = [HttpErrorKind::Tls, HttpErrorKind::Unsupported];
        expect_failure(transport.send(request).await, &kinds, false)
            .map_err(|what| format!("{identity:?}: {what}"))?;
        let received = server.journal().received();
        require(!received.contains("POST") && !received.contains(CANARY), || {
            format!("{identity:?}: it sent the request without TLS")
        })?;
    }
    Ok(())
}

async fn schemes(transport: &dyn HttpClient) -> Outcome {
    let server = RawServer::answering(200, "").await;
    for scheme in ["ftp", "ws", "httpx"] {
        let mut request = post(&server, "/");
        request.uri = server.uri(scheme, "/");
        let kinds = [
            HttpErrorKind::Protocol,
            HttpErrorKind::AddressRefused,
            HttpErrorKind::Unsupported,
        ];
        expect_failure(transport.send(request).await, &kinds, false)?;
    }
    require(server.journal().connections() == 0, || "it connected".to_owned())
}

async fn user_information(transport: &dyn HttpClient) -> Outcome {
    let server = RawServer::answering(200, "").await;
    let mut request = post(&server, "/");
    let text = format!("http://user:{CANARY}@{}/", server.address());
    request.uri = text.parse().map_err(|error| format!("{error}"))?;
    let kinds = [HttpErrorKind::Protocol, HttpErrorKind::Unsupported];
    expect_failure(transport.send(request).await, &kinds, false)?;
    require(server.journal().connections() == 0, || "it connected".to_owned())
}

/// The certificate of an authority that has signed nothing. Its key was thrown away.
const ROOT: &str = include_str!("policies/root.pem");
