//! Which connections are used again.

use std::sync::Arc;
use std::time::Duration;

use identity_base::seam::{ConnectPolicy, HttpClient as _, HttpErrorKind};
use identity_testkit::transport_conformance::{RawServer, Step};
use identity_testkit::{Gate, TestClock, block_on};
use identity_transport::HyperTransport;

use crate::support::{Authority, TlsServer, get, post, trusting};

fn local(server: &RawServer, path: &str) -> String {
    server.uri("http", path).to_string()
}

/// A POST of a secret to a metadata endpoint.
fn local_post(server: &RawServer, path: &str) -> identity_base::seam::HttpRequest {
    post(&local(server, path)).policy(ConnectPolicy::metadata())
}

#[test]
fn requests_in_a_row_share_a_connection() {
    block_on(async {
        let server = RawServer::answering(200, "ok").await;
        let transport = HyperTransport::new();
        for _ in 0..20 {
            transport.send(local_post(&server, "/")).await.unwrap();
            transport.clone().send(get(&local(&server, "/"))).await.unwrap();
        }
        assert_eq!(server.journal().connections(), 1);
    });
}

#[test]
fn requests_in_a_row_share_a_connection_over_tls() {
    let authority = Authority::new();
    block_on(async {
        let server = TlsServer::answering(authority.issue(|_| {}).config()).await;
        let transport = trusting(&authority).build();
        for _ in 0..20 {
            transport.send(post(&server.url("/"))).await.unwrap();
        }
        assert_eq!(server.journal.connections(), 1);
    });
}

#[test]
fn a_connection_serves_only_requests_with_the_same_policy() {
    let (authority, other) = (Authority::new(), Authority::new());
    block_on(async {
        let server = TlsServer::answering(authority.issue(|_| {}).config()).await;
        let transport = trusting(&authority).build();
        transport.send(post(&server.url("/"))).await.unwrap();
        // Were the open connection used, this would not notice whom it talks to.
        let strict = ConnectPolicy::new().server(identity_base::seam::ServerIdentity::Roots {
            pem: other.pem.as_bytes().into(),
            server_name: None,
        });
        assert_eq!(
            transport
                .send(post(&server.url("/")).policy(strict))
                .await
                .unwrap_err()
                .kind,
            HttpErrorKind::Tls
        );
    });
}

/// How many connections there are after two requests with `between` between them, on a virtual clock.
fn connections_with_pause(between: &[Duration]) -> usize {
    let clock = TestClock::new();
    block_on(async {
        let server = RawServer::answering(200, "ok").await;
        let transport = HyperTransport::builder().clock(Arc::new(clock.clone())).build();
        transport.send(get(&local(&server, "/"))).await.unwrap();
        for pause in between {
            clock.advance(*pause);
            transport.send(get(&local(&server, "/"))).await.unwrap();
        }
        server.journal().connections()
    })
}

#[test]
fn connections_end_by_idle_time_and_by_age() {
    let seconds = |list: &[u64]| list.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
    assert_eq!(connections_with_pause(&seconds(&[59])), 1);
    assert_eq!(connections_with_pause(&seconds(&[60])), 2);
    assert_eq!(connections_with_pause(&seconds(&[50, 50, 50, 50, 50, 49])), 1);
    assert_eq!(connections_with_pause(&seconds(&[50, 50, 50, 50, 50, 50])), 2);
}

#[test]
fn an_idle_connection_is_closed_when_its_time_is_over() {
    let clock = TestClock::new();
    block_on(async {
        let server = RawServer::answering(200, "ok").await;
        let transport = HyperTransport::builder().clock(Arc::new(clock.clone())).build();
        transport.send(get(&local(&server, "/"))).await.unwrap();
        // What waits now is what closes it; nothing is sent any more.
        clock.sleepers(1).await;
        clock.advance(Duration::from_secs(60));
        server.journal().until_ended(1).await;
    });
}

#[test]
fn at_most_eight_idle_connections_are_kept() {
    block_on(async {
        let gate = Gate::closed();
        let script = vec![
            Step::Request,
            Step::Wait(gate.clone()),
            Step::answer(200, "ok"),
            Step::Hang,
        ];
        let server = RawServer::start(vec![script]).await;
        // Its time stands still, so that nothing is closed for its age.
        let transport = HyperTransport::builder()
            .clock(Arc::new(TestClock::new()))
            .build();
        let running: Vec<_> = (0..12)
            .map(|_| {
                let (transport, request) = (transport.clone(), get(&local(&server, "/")));
                tokio::spawn(async move { transport.send(request).await })
            })
            .collect();
        gate.arrivals(12).await;
        gate.open();
        for one in running {
            one.await.unwrap().unwrap();
        }
        server.journal().until_ended(4).await;
        assert_eq!(server.journal().connections(), 12);
        transport.close_idle();
        server.journal().until_ended(12).await;
    });
}

#[test]
fn a_connection_that_the_server_closed_is_noticed_before_it_is_used() {
    const ROUNDS: usize = 300;
    block_on(async {
        // It promises to keep the connection, and closes it.
        let server = RawServer::start(vec![vec![Step::Request, Step::answer(200, "ok")]]).await;
        let transport = HyperTransport::new();
        for round in 1..=ROUNDS {
            transport.send(local_post(&server, "/")).await.unwrap();
            server.journal().until_ended(round).await;
        }
        assert_eq!(server.journal().connections(), ROUNDS);
    });
}

#[test]
fn a_closed_connection_is_noticed_even_if_the_runtime_was_not_driven() {
    let servers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = servers.block_on(RawServer::start(vec![vec![
        Step::Request,
        Step::answer(200, "ok"),
    ]]));
    let transport = HyperTransport::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for round in 1..=50 {
        runtime
            .block_on(transport.send(local_post(&server, "/")))
            .unwrap();
        servers.block_on(server.journal().until_ended(round));
    }
}

#[test]
fn what_may_be_repeated_is_sent_once_more_when_an_idle_connection_breaks() {
    // The second request on the first connection is read and reset: the server's close and the request have crossed.
    let crossing = || {
        vec![
            Step::Request,
            Step::answer(200, "first"),
            Step::Request,
            Step::Reset,
        ]
    };
    let good = vec![Step::Request, Step::answer(200, "again")];
    block_on(async {
        let server = RawServer::start(vec![crossing(), good.clone()]).await;
        let transport = HyperTransport::new();
        transport.send(get(&local(&server, "/1"))).await.unwrap();
        let answer = transport.send(get(&local(&server, "/2"))).await.unwrap();
        assert_eq!(answer.body.as_slice(), b"again");
        assert_eq!(server.journal().received().matches("GET /2").count(), 2);

        // Once only, and never a POST that may have been processed.
        let server = RawServer::start(vec![crossing(), vec![Step::Request, Step::Reset]]).await;
        let transport = HyperTransport::new();
        transport.send(get(&local(&server, "/1"))).await.unwrap();
        let error = transport.send(get(&local(&server, "/2"))).await.unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Reset, true));
        assert_eq!(server.journal().connections(), 2);

        let server = RawServer::start(vec![crossing(), good]).await;
        let transport = HyperTransport::new();
        transport.send(local_post(&server, "/1")).await.unwrap();
        let error = transport.send(local_post(&server, "/2")).await.unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Reset, true));
        assert_eq!(server.journal().connections(), 1);
    });
}

#[test]
fn an_answer_before_the_whole_request_was_read_ends_the_connection() {
    block_on(async {
        let early = vec![Step::answer(413, "too much"), Step::Hang];
        let server = RawServer::start(vec![early, vec![Step::Request, Step::answer(200, "ok")]]).await;
        let transport = HyperTransport::new();
        let big = zeroize::Zeroizing::new(vec![b'x'; 32 * 1024 * 1024]);
        let request = identity_base::seam::HttpRequest::post_form(server.uri("http", "/"), big)
            .policy(ConnectPolicy::metadata());
        // Either the answer or the broken pipe is seen first; neither may disturb the next request.
        drop(transport.send(request).await);
        assert_eq!(
            transport
                .send(get(&local(&server, "/")))
                .await
                .unwrap()
                .body
                .as_slice(),
            b"ok"
        );
    });
}

#[test]
fn a_long_failure_is_cut_and_its_connection_is_not_used_again() {
    block_on(async {
        let flood = vec![
            Step::Request,
            Step::send("HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n"),
            Step::Flood(("100\r\n".to_owned() + &"x".repeat(256) + "\r\n").into_bytes()),
        ];
        let announced = vec![
            Step::Request,
            Step::send("HTTP/1.1 404 Not Found\r\ncontent-length: 1099511627776\r\n\r\n"),
            Step::Flood(vec![b'x'; 1000]),
        ];
        let server = RawServer::start(vec![
            flood,
            announced,
            vec![Step::Request, Step::answer(200, "after")],
        ])
        .await;
        let transport = HyperTransport::new();
        for (status, ended) in [(503, 1), (404, 2)] {
            let answer = transport.send(get(&local(&server, "/"))).await.unwrap();
            assert_eq!(
                (answer.status.as_u16(), answer.body.len()),
                (status, 64 * 1024),
                "the status is told, and as much of the text as may be"
            );
            server.journal().until_ended(ended).await;
        }
        let answer = transport.send(get(&local(&server, "/"))).await.unwrap();
        assert_eq!(answer.body.as_slice(), b"after");
    });
}
