//! HTTP/2.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use identity_base::seam::{HttpClient as _, HttpErrorKind, HttpTimeouts};
use identity_testkit::{Gate, TestClock, block_on, block_on_threads};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Authority, CANARY, HOST, post, trusting};

/// What came: connections, and a line for each request.
#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<String>,
}

/// A server that speaks HTTP/2 alone. `/wait` answers when the gate opens.
async fn serve(authority: &Authority, gate: Gate) -> (SocketAddr, Arc<Mutex<Seen>>) {
    let mut config = authority.issue(|_| {}).config();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let noted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            noted.lock().unwrap().connections += 1;
            let (acceptor, noted, gate) = (acceptor.clone(), Arc::clone(&noted), gate.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let (noted, gate) = (Arc::clone(&noted), gate.clone());
                    async move {
                        let line = format!("{:?} {} {}", request.version(), request.method(), request.uri());
                        noted.lock().unwrap().requests.push(line);
                        let path = request.uri().path().to_owned();
                        if path == "/wait" {
                            gate.pass().await;
                        }
                        let mut answer = Response::new(match path.as_str() {
                            "/long" | "/long-failure" => "x".repeat(5000),
                            _ => path,
                        });
                        if request.uri().path() == "/long-failure" {
                            *answer.status_mut() = http::StatusCode::BAD_GATEWAY;
                        }
                        if answer.body() == "/encoded" {
                            answer
                                .headers_mut()
                                .insert("content-encoding", "gzip".parse().unwrap());
                        }
                        Ok::<_, Infallible>(answer)
                    }
                });
                drop(
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await,
                );
            });
        }
    });
    (address, seen)
}

#[test]
fn requests_share_one_connection() {
    let authority = Authority::new();
    block_on_threads(2, async {
        let gate = Gate::closed();
        let (address, seen) = serve(&authority, gate.clone()).await;
        let transport = trusting(&authority).build();
        let url = |path: &str| format!("https://{HOST}:{}{path}", address.port());
        transport.send(post(&url("/first"))).await.unwrap();
        let running: Vec<_> = (0..10)
            .map(|_| {
                let (transport, request) = (transport.clone(), post(&url("/wait")));
                tokio::spawn(async move { transport.send(request).await })
            })
            .collect();
        gate.arrivals(10).await;
        gate.open();
        for one in running {
            assert_eq!(one.await.unwrap().unwrap().body.as_slice(), b"/wait");
        }
        let seen = seen.lock().unwrap();
        assert_eq!((seen.connections, seen.requests.len()), (1, 11));
        assert_eq!(seen.requests[0], format!("HTTP/2.0 POST {}", url("/first")));
    });
}

#[test]
fn the_caps_hold() {
    let authority = Authority::new();
    block_on(async {
        let (address, _) = serve(&authority, Gate::closed()).await;
        let transport = trusting(&authority).build();
        let url = |path: &str| format!("https://{HOST}:{}{path}", address.port());
        let error = transport
            .send(post(&url("/long")).max_body(4999))
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::TooLarge, true));
        assert_eq!(
            transport
                .send(post(&url("/long")).max_body(5000))
                .await
                .unwrap()
                .body
                .len(),
            5000
        );
        let error = transport.send(post(&url("/encoded"))).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Protocol);
        assert!(!format!("{error:?}").contains(CANARY));
    });
}

#[test]
fn a_long_failure_is_cut_and_the_connection_serves_on() {
    let authority = Authority::new();
    block_on(async {
        let (address, seen) = serve(&authority, Gate::closed()).await;
        let transport = trusting(&authority).build();
        let url = |path: &str| format!("https://{HOST}:{}{path}", address.port());
        let request = post(&url("/long-failure")).max_error_body(1000);
        let answer = transport.send(request).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.len()), (502, 1000));
        transport.send(post(&url("/after"))).await.unwrap();
        assert_eq!(seen.lock().unwrap().connections, 1);
    });
}

#[test]
fn a_connection_that_broke_is_not_used_again() {
    let authority = Authority::new();
    let servers = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    };
    let first = servers();
    let (address, _) = first.block_on(serve(&authority, Gate::closed()));
    block_on(async {
        let transport = trusting(&authority).build();
        let url = format!("https://{HOST}:{}/", address.port());
        transport.send(post(&url)).await.unwrap();
        first.shutdown_background();
        // The server is gone: what is left is a refusal, in one way or another.
        let error = transport.send(post(&url)).await.unwrap_err();
        assert!(
            matches!(error.kind, HttpErrorKind::Connect | HttpErrorKind::Reset),
            "{error:?}"
        );
        let error = transport.send(post(&url)).await.unwrap_err();
        assert!(
            matches!(error.kind, HttpErrorKind::Connect | HttpErrorKind::Reset),
            "{error:?}"
        );
    });
}

#[test]
fn a_connection_on_which_a_request_timed_out_is_not_used_again() {
    let (authority, clock) = (Authority::new(), TestClock::new());
    block_on(async {
        let gate = Gate::closed();
        let (address, seen) = serve(&authority, gate.clone()).await;
        let transport = trusting(&authority).clock(Arc::new(clock.clone())).build();
        let url = |path: &str| format!("https://{HOST}:{}{path}", address.port());
        transport.send(post(&url("/first"))).await.unwrap();
        let running = tokio::spawn({
            let (transport, request) = (transport.clone(), post(&url("/wait")));
            async move { transport.send(request).await }
        });
        gate.arrivals(1).await;
        // What closes idle connections, the total and the stage.
        clock.sleepers(3).await;
        clock.advance(HttpTimeouts::new().first_byte);
        assert_eq!(running.await.unwrap().unwrap_err().kind, HttpErrorKind::Timeout);
        transport.send(post(&url("/after"))).await.unwrap();
        assert_eq!(seen.lock().unwrap().connections, 2);
    });
}
