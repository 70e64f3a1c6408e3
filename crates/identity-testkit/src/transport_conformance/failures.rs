//! What a transport does when there is no answer, or not a whole one.

use std::net::SocketAddr;

use identity_base::seam::{ConnectPolicy, HttpClient, HttpErrorKind, HttpRequest, HttpTimeouts};
use tokio::net::TcpListener;

use super::{Case, Outcome, RawServer, Step, expect_answer, expect_failure, get, impatient, post, require};
use crate::gate::Gate;

pub(super) const CASES: &[(&str, Case)] = &[
    ("a refused connection was not sent", |t| Box::pin(refused(t))),
    ("a reset before the answer was sent", |t| {
        Box::pin(reset_before(t))
    }),
    ("a close before the answer was sent", |t| {
        Box::pin(close_before(t))
    }),
    ("a body that is cut off is no answer", |t| Box::pin(truncated(t))),
    ("a head that is cut off is no answer", |t| {
        Box::pin(truncated_head(t))
    }),
    ("a silent server ends in a timeout", |t| Box::pin(silent(t))),
    ("a server that falls silent ends in a timeout", |t| {
        Box::pin(falls_silent(t))
    }),
    ("the total ends what takes too long", |t| Box::pin(drip(t))),
    ("a POST that broke is not sent again", |t| {
        Box::pin(not_repeated(t))
    }),
    ("a dropped future closes its connection", |t| Box::pin(dropped(t))),
    ("a connection that failed is not used again", |t| {
        Box::pin(not_reused(t))
    }),
];

async fn refused(transport: &dyn HttpClient) -> Outcome {
    let address = closed_port().await?;
    let uri = format!("http://{address}/")
        .parse()
        .map_err(|error| format!("{error}"))?;
    let request = HttpRequest::get(uri).policy(ConnectPolicy::metadata());
    expect_failure(transport.send(request).await, &[HttpErrorKind::Connect], false)
}

/// An address that nobody listens on.
async fn closed_port() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|error| error.to_string())?;
    listener.local_addr().map_err(|error| error.to_string())
}

async fn reset_before(transport: &dyn HttpClient) -> Outcome {
    let server = RawServer::start(vec![vec![Step::Request, Step::Reset]]).await;
    expect_failure(
        transport.send(post(&server, "/")).await,
        &[HttpErrorKind::Reset],
        true,
    )
}

async fn close_before(transport: &dyn HttpClient) -> Outcome {
    let server = RawServer::start(vec![vec![Step::Request]]).await;
    expect_failure(
        transport.send(post(&server, "/")).await,
        &[HttpErrorKind::Reset],
        true,
    )
}

async fn truncated(transport: &dyn HttpClient) -> Outcome {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        for last in [None, Some(Step::Reset)] {
            let script = [Step::Request, Step::send(answer)]
                .into_iter()
                .chain(last)
                .collect();
            let server = RawServer::start(vec![script]).await;
            expect_failure(
                transport.send(post(&server, "/")).await,
                &[HttpErrorKind::Reset],
                true,
            )
            .map_err(|what| format!("{answer:?}: {what}"))?;
        }
    }
    Ok(())
}

async fn truncated_head(transport: &dyn HttpClient) -> Outcome {
    let server = RawServer::start(vec![vec![
        Step::Request,
        Step::send("HTTP/1.1 200 OK\r\ncontent-le"),
    ]])
    .await;
    expect_failure(
        transport.send(post(&server, "/")).await,
        &[HttpErrorKind::Reset],
        true,
    )
}

async fn silent(transport: &dyn HttpClient) -> Outcome {
    let server = RawServer::start(vec![vec![Step::Hang]]).await;
    let request = post(&server, "/").timeouts(impatient());
    expect_failure(transport.send(request).await, &[HttpErrorKind::Timeout], true)?;
    // The transport has to close, or this hangs.
    server.journal().until_ended(1).await;
    Ok(())
}

async fn falls_silent(transport: &dyn HttpClient) -> Outcome {
    for begin in ["HTTP/1.1 2", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"] {
        let server = RawServer::start(vec![vec![Step::Request, Step::send(begin), Step::Hang]]).await;
        let request = post(&server, "/").timeouts(impatient());
        expect_failure(transport.send(request).await, &[HttpErrorKind::Timeout], true)?;
        server.journal().until_ended(1).await;
    }
    Ok(())
}

async fn drip(transport: &dyn HttpClient) -> Outcome {
    let head = Step::send("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
    // Nobody opens the gate.
    let server = RawServer::start(vec![vec![
        Step::Request,
        head,
        Step::send("x"),
        Step::Wait(Gate::closed()),
    ]])
    .await;
    let mut limits = HttpTimeouts::new();
    limits.total = std::time::Duration::from_millis(200);
    let request = post(&server, "/").timeouts(limits);
    expect_failure(transport.send(request).await, &[HttpErrorKind::Timeout], true)
}

async fn not_repeated(transport: &dyn HttpClient) -> Outcome {
    let good = vec![Step::Request, Step::answer(200, "ok"), Step::Request, Step::Reset];
    let server = RawServer::start(vec![good, vec![Step::Request, Step::answer(200, "again")]]).await;
    expect_answer(transport.send(post(&server, "/first")).await, 200, b"ok")?;
    let second = transport.send(post(&server, "/second")).await;
    let received = server.journal().received();
    require(received.matches("POST /second").count() == 1, || {
        "a request that may have been processed was sent again".to_owned()
    })?;
    // A transport that keeps no connections open got its answer on the second one.
    if server.journal().connections() == 1 {
        expect_failure(second, &[HttpErrorKind::Reset], true)?;
    }
    Ok(())
}

async fn dropped(transport: &dyn HttpClient) -> Outcome {
    let server = RawServer::start(vec![vec![Step::Request, Step::Hang]]).await;
    let mut future = transport.send(get(&server, "/"));
    let asked = server.journal().until_received("GET /");
    let mut asked = std::pin::pin!(asked);
    std::future::poll_fn(|context| {
        let _not_yet = future.as_mut().poll(context);
        asked.as_mut().poll(context)
    })
    .await;
    drop(future);
    server.journal().until_ended(1).await;
    Ok(())
}

async fn not_reused(transport: &dyn HttpClient) -> Outcome {
    // The rest of the first answer comes after the client has given up on it, and looks like an answer to the second request.
    let late = Gate::closed();
    let first = vec![
        Step::Request,
        Step::Wait(late.clone()),
        Step::answer(200, "first"),
        Step::Request,
        Step::answer(200, "first again"),
    ];
    let server = RawServer::start(vec![first, vec![Step::Request, Step::answer(200, "second")]]).await;
    let request = get(&server, "/1").timeouts(impatient());
    expect_failure(transport.send(request).await, &[HttpErrorKind::Timeout], true)?;
    late.open();
    expect_answer(transport.send(get(&server, "/2")).await, 200, b"second")
}
