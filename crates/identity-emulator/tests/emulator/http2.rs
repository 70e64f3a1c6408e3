//! HTTP/2 by ALPN, and how faults show there.

use std::sync::Arc;

use crate::support::{builder, credentials_form, emulator, encode, token_path, trusting};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use identity_emulator::{Emulator, Fault, ResetAt, Route};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

async fn connect(emulator: &Emulator) -> SendRequest<Full<Bytes>> {
    let tcp = TcpStream::connect(emulator.address()).await.unwrap();
    let connector = TlsConnector::from(trusting(emulator, &["h2", "http/1.1"]));
    let tls = connector
        .connect(ServerName::try_from("localhost").unwrap(), tcp)
        .await
        .unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn token_request(emulator: &Emulator) -> Request<Full<Bytes>> {
    Request::post(format!("https://localhost{}", token_path(emulator)))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::from(encode(&credentials_form())))
        .unwrap()
}

/// Status and body length, or the error's text.
async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<(u16, usize), String> {
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| format!("head: {error:?}"))?;
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| format!("body: {error:?}"))?;
    Ok((status.as_u16(), body.to_bytes().len()))
}

#[test]
fn many_requests_share_one_connection() {
    let emulator = emulator();
    block_on(async {
        let sender = connect(&emulator).await;
        let gate = emulator.gate("all");
        emulator.fault(Fault::on(Route::Token).hold(&gate));
        let requests: Vec<_> = (0..20)
            .map(|_| {
                let (mut sender, request) = (sender.clone(), token_request(&emulator));
                tokio::spawn(async move { sender.send_request(request).await.unwrap().status() })
            })
            .collect();
        gate.wait_for(20).await;
        gate.release();
        for request in requests {
            assert_eq!(request.await.unwrap(), StatusCode::OK);
        }
    });
    let seen = emulator.requests().token().exactly(20).on_one_connection();
    assert_eq!(seen.first().unwrap().http_version(), "HTTP/2");
    assert_eq!(emulator.connections().opened, 1);
}

#[test]
fn streams_are_cut_and_connections_survive() {
    let emulator = emulator();
    emulator.fault(Fault::on(Route::Token).nth(1).truncate(5));
    emulator.fault(Fault::on(Route::Token).nth(2).reset(ResetAt::MidBody(5)));
    emulator.fault(Fault::on(Route::Token).nth(3).huge_body(2_000_000));
    emulator.fault(Fault::on(Route::Token).nth(4).drip(100_000));
    block_on(async {
        let mut sender = connect(&emulator).await;
        for _ in 0..2 {
            let error = exchange(&mut sender, token_request(&emulator)).await.unwrap_err();
            assert!(error.starts_with("body: "), "{error}");
        }
        let (status, length) = exchange(&mut sender, token_request(&emulator)).await.unwrap();
        assert!((status, length > 2_000_000) == (200, true));
        assert_eq!(
            exchange(&mut sender, token_request(&emulator)).await.unwrap().0,
            200
        );
    });
    emulator.requests().exactly(4).on_one_connection();
}

#[test]
fn resets_and_raw_bytes_take_the_connection_along() {
    for fault in [
        Fault::on_any().reset(ResetAt::BeforeResponse),
        Fault::on_any().raw("HTTP/1.1 200 OK\r\n\r\n"),
    ] {
        let emulator = emulator();
        emulator.fault(fault);
        block_on(async {
            let mut sender = connect(&emulator).await;
            let error = exchange(&mut sender, token_request(&emulator)).await.unwrap_err();
            assert!(error.starts_with("head: "), "{error}");
            assert!(exchange(&mut sender, token_request(&emulator)).await.is_err());
        });
        emulator.requests().exactly(1);
    }
}

#[test]
fn after_the_response_the_connection_goes_away_in_order() {
    let emulator = emulator();
    emulator.fault(Fault::on_any().reset(ResetAt::AfterResponse));
    block_on(async {
        let mut sender = connect(&emulator).await;
        assert_eq!(
            exchange(&mut sender, token_request(&emulator)).await.unwrap().0,
            200
        );
        assert!(exchange(&mut sender, token_request(&emulator)).await.is_err());
    });
}

#[test]
fn http2_can_be_withheld() {
    let emulator = builder().http2(false).start_blocking().unwrap();
    let config = trusting(&emulator, &["h2", "http/1.1"]);
    let stream = crate::support::connect_with(&emulator, Arc::clone(&config), "localhost").unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[test]
fn silent_streams_stay_open() {
    for fault in [Fault::on_any().stall(5), Fault::on_any().claim_length(1 << 20)] {
        let emulator = emulator();
        emulator.fault(fault);
        block_on(async {
            let mut sender = connect(&emulator).await;
            let response = sender.send_request(token_request(&emulator)).await.unwrap();
            let claimed: u64 = response.headers()["content-length"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            let mut body = response.into_body();
            let part = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(u64::try_from(part.len()).unwrap() < claimed);
            let mut rest = std::pin::pin!(body.frame());
            // The connection answers others meanwhile, so the silence is the stream's.
            emulator.clear_faults();
            assert_eq!(
                exchange(&mut sender, token_request(&emulator)).await.unwrap().0,
                200
            );
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(rest.as_mut().poll(&mut cx).is_pending());
        });
    }
}

#[test]
fn a_dripping_head_drips_its_body() {
    let emulator = emulator();
    emulator.fault(Fault::on_any().drip_head(100_000));
    block_on(async {
        let mut sender = connect(&emulator).await;
        assert_eq!(
            exchange(&mut sender, token_request(&emulator)).await.unwrap().0,
            200
        );
    });
}
