//! Time limits, on a virtual clock over real sockets.

use std::sync::Arc;
use std::time::Duration;

use identity_base::seam::{HttpClient as _, HttpError, HttpErrorKind, HttpRequest};
use identity_testkit::resolver::Lookup;
use identity_testkit::transport_conformance::{Journal, RawServer, Step};
use identity_testkit::{Gate, ScriptedResolver, TestClock, block_on};
use identity_transport::HyperTransport;

use crate::support::{HOST, distinct_limits, get, post};

/// Sends `request`; lets `reached` come true, then time pass up to just before `limit`, and then the rest of it.
async fn times_out(
    transport: &HyperTransport,
    clock: &TestClock,
    request: HttpRequest,
    reached: impl Future<Output = ()>,
    limit: Duration,
) -> HttpError {
    let transport = transport.clone();
    let running = tokio::spawn(async move { transport.send(request).await });
    reached.await;
    // The total, and the stage.
    clock.sleepers(2).await;
    clock.advance(limit - Duration::from_millis(1));
    tokio::task::yield_now().await;
    assert!(!running.is_finished(), "it ended before its limit");
    clock.advance(Duration::from_millis(1));
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Timeout, "{error}");
    assert!(error.message.contains(&format!("{limit:?}")), "{error}");
    error
}

fn transport(clock: &TestClock) -> HyperTransport {
    let resolver = ScriptedResolver::new();
    resolver.always(HOST, Lookup::to(["127.0.0.1"]));
    resolver.always("hangs.test", Lookup::hang());
    HyperTransport::builder()
        .clock(Arc::new(clock.clone()))
        .resolver(Arc::new(resolver))
        .build()
}

fn url(server: &RawServer) -> String {
    server.uri("http", "/").to_string()
}

#[test]
fn a_lookup_that_hangs() {
    let clock = TestClock::new();
    block_on(async {
        let request = post("https://hangs.test/").timeouts(distinct_limits());
        let error = times_out(
            &transport(&clock),
            &clock,
            request,
            async {},
            Duration::from_secs(2),
        )
        .await;
        assert!(
            error.message.contains("look-up") && !error.request_sent,
            "{error}"
        );
    });
}

#[test]
fn a_handshake_that_stalls() {
    // Before the first byte, in the middle of a record, and after a whole one.
    let begun: [Vec<u8>; 3] = [vec![], vec![0x16, 3, 3, 0, 50, 2], vec![0x14, 3, 3, 0, 1, 1]];
    for (index, bytes) in begun.into_iter().enumerate() {
        let clock = TestClock::new();
        block_on(async {
            let server = RawServer::start(vec![vec![Step::Send(bytes), Step::Hang]]).await;
            let request =
                post(&format!("https://{HOST}:{}/", server.address().port())).timeouts(distinct_limits());
            let journal = server.journal().clone();
            let hello = async move { journal.until_received(HOST).await };
            if index == 2 {
                // A change of cipher at this place is against the rules, so it ends at once.
                let error = transport(&clock).send(request).await.unwrap_err();
                assert_eq!(
                    (error.kind, error.request_sent),
                    (HttpErrorKind::Tls, false),
                    "{error}"
                );
                return;
            }
            let error = times_out(&transport(&clock), &clock, request, hello, Duration::from_secs(4)).await;
            assert!(
                error.message.contains("TLS handshake") && !error.request_sent,
                "{error}"
            );
            server.journal().until_ended(1).await;
        });
    }
}

async fn asked(journal: Journal) {
    journal.until_received("GET /").await;
}

#[test]
fn no_answer() {
    let clock = TestClock::new();
    block_on(async {
        let server = RawServer::start(vec![vec![Step::Request, Step::Hang]]).await;
        let request = get(&url(&server)).timeouts(distinct_limits());
        let reached = asked(server.journal().clone());
        let error = times_out(
            &transport(&clock),
            &clock,
            request,
            reached,
            Duration::from_secs(8),
        )
        .await;
        assert!(
            error.message.starts_with("the answer") && error.request_sent,
            "{error}"
        );
        server.journal().until_ended(1).await;
    });
}

#[test]
fn an_answer_that_stops() {
    for begin in [
        "H",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
    ] {
        let clock = TestClock::new();
        block_on(async {
            let server = RawServer::start(vec![vec![Step::Request, Step::send(begin), Step::Hang]]).await;
            let transport = transport(&clock);
            let request = get(&url(&server)).timeouts(distinct_limits());
            let running = tokio::spawn(async move { transport.send(request).await });
            // The connection's attempt and head start, the total, the first byte, and then the pause: it has begun when that sleeps.
            until_sleep(&clock, Duration::from_secs(5)).await;
            clock.advance(Duration::from_secs(5));
            let error = running.await.unwrap().unwrap_err();
            assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Timeout, true));
            assert!(error.message.starts_with("the pause"), "{begin:?}: {error}");
        });
    }
}

/// Waits until a sleep of this length was begun.
async fn until_sleep(clock: &TestClock, length: Duration) {
    let mut count = 0;
    while !clock.sleeps().contains(&length) {
        count += 1;
        clock.sleeps_begun(count).await;
    }
}

#[test]
fn the_total_ends_a_drip() {
    let clock = TestClock::new();
    block_on(async {
        let gate = Gate::closed();
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
        let mut script = vec![Step::Request, Step::send(head)];
        for _ in 0..1000 {
            script.extend([Step::Wait(gate.clone()), Step::send("x")]);
        }
        let server = RawServer::start(vec![script]).await;
        let transport = transport(&clock);
        let request = get(&url(&server));
        let running = tokio::spawn(async move { transport.send(request).await });
        // A byte each second.
        let start = identity_base::seam::Clock::now(&clock);
        let mut sent = 0;
        while !running.is_finished() {
            sent += 1;
            assert!(sent < 20, "the drip goes on");
            gate.arrivals(sent).await;
            let begun = clock.sleeps().len();
            gate.admit(1);
            if sent < 10 {
                // Each byte begins a new pause.
                clock.sleeps_begun(begun + 1).await;
            }
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
        let error = running.await.unwrap().unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Timeout, true));
        assert!(error.message.starts_with("the whole attempt"), "{error}");
        let took = identity_base::seam::Clock::now(&clock).since(start);
        assert!(took <= Duration::from_secs(11), "{took:?}");
    });
}
