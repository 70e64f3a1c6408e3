//! What a transport does with answers, good and bad ones.

use identity_base::seam::{HttpClient, HttpErrorKind};

use super::{CANARY, Case, Outcome, RawServer, Step, expect_answer, expect_failure, get, post, require};

pub(super) const CASES: &[(&str, Case)] = &[
    ("a GET gets status, headers and body", |t| Box::pin(get_works(t))),
    ("a POST is sent as it is", |t| Box::pin(post_works(t))),
    ("an error status is an answer", |t| Box::pin(error_status(t))),
    ("a chunked body is put together", |t| Box::pin(chunked(t))),
    ("a body may end with the connection", |t| Box::pin(until_close(t))),
    ("interim answers are passed over", |t| Box::pin(interim(t))),
    ("redirects are not followed", |t| Box::pin(redirects(t))),
    ("cookies are not kept", |t| Box::pin(cookies(t))),
    ("many requests at once get their own answers", |t| {
        Box::pin(many(t))
    }),
    ("an announced body over the cap is refused", |t| {
        Box::pin(announced(t))
    }),
    ("an endless body is cut at the cap", |t| Box::pin(endless(t))),
    ("a body of just the cap is taken", |t| Box::pin(just_the_cap(t))),
    ("an encoded body is refused", |t| Box::pin(encoded(t))),
    ("a huge head is refused", |t| Box::pin(huge_head(t))),
    ("too many fields are refused", |t| Box::pin(many_fields(t))),
    ("a flood of interim answers ends", |t| Box::pin(interim_flood(t))),
    ("garbage is not an answer", |t| Box::pin(garbage(t))),
];

async fn one(script: Vec<Step>) -> RawServer {
    RawServer::start(vec![script]).await
}

async fn get_works(transport: &dyn HttpClient) -> Outcome {
    let server = one(vec![
        Step::Request,
        Step::send("HTTP/1.1 200 OK\r\nx-two: a\r\nX-Two: b\r\ncontent-length: 5\r\n\r\nhello"),
    ])
    .await;
    let answer = transport.send(get(&server, "/p/q?r=s")).await;
    if let Ok(answer) = &answer {
        let values: Vec<_> = answer
            .headers
            .get_all("x-two")
            .iter()
            .map(|v| v.as_bytes().to_vec())
            .collect();
        require(values == [b"a".to_vec(), b"b".to_vec()], || {
            format!("the header's values are {values:?}")
        })?;
    }
    expect_answer(answer, 200, b"hello")?;
    let received = server.journal().received();
    require(received.starts_with("GET /p/q?r=s HTTP/1.1\r\n"), || {
        format!("the request line is {:?}", received.lines().next())
    })?;
    let host = format!("host: {}\r\n", server.address());
    require(received.to_ascii_lowercase().contains(&host), || {
        "there is no right `Host`".to_owned()
    })
}

async fn post_works(transport: &dyn HttpClient) -> Outcome {
    let server = one(vec![Step::Request, Step::answer(200, "{}")]).await;
    expect_answer(transport.send(post(&server, "/t")).await, 200, b"{}")?;
    let received = server.journal().received();
    let body = format!("client_secret={CANARY}");
    require(received.ends_with(&format!("\r\n\r\n{body}")), || {
        "the body is another".to_owned()
    })?;
    let lower = received.to_ascii_lowercase();
    for line in [
        format!("\r\ncontent-length: {}\r\n", body.len()),
        "\r\ncontent-type: application/x-www-form-urlencoded\r\n".to_owned(),
        format!("\r\nsecret: {}\r\n", CANARY.to_ascii_lowercase()),
    ] {
        require(lower.matches(&line).count() == 1, || {
            format!("not exactly one {:?}", line.trim())
        })?;
    }
    require(!lower.contains("\r\naccept-encoding: gzip"), || {
        "it asks for an encoded answer".to_owned()
    })
}

async fn error_status(transport: &dyn HttpClient) -> Outcome {
    for status in [400, 401, 404, 429, 500, 503] {
        let server = one(vec![Step::Request, Step::answer(status, "why")]).await;
        expect_answer(transport.send(get(&server, "/")).await, status, b"why")?;
    }
    Ok(())
}

async fn chunked(transport: &dyn HttpClient) -> Outcome {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n";
    let server = one(vec![Step::Request, Step::send(answer)]).await;
    expect_answer(transport.send(get(&server, "/")).await, 200, b"abcd")
}

async fn until_close(transport: &dyn HttpClient) -> Outcome {
    let server = one(vec![
        Step::Request,
        Step::send("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc"),
    ])
    .await;
    expect_answer(transport.send(get(&server, "/")).await, 200, b"abc")
}

async fn interim(transport: &dyn HttpClient) -> Outcome {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let server = one(vec![Step::Request, Step::send(answer)]).await;
    expect_answer(transport.send(post(&server, "/")).await, 200, b"ok")
}

async fn redirects(transport: &dyn HttpClient) -> Outcome {
    let other = RawServer::answering(200, "followed").await;
    for status in [301, 302, 303, 307, 308] {
        for place in [other.uri("http", "/").to_string(), "/elsewhere".to_owned()] {
            let answer = format!("HTTP/1.1 {status} Moved\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n");
            let server = one(vec![Step::Request, Step::send(&answer), Step::Hang]).await;
            expect_answer(transport.send(post(&server, "/")).await, status, b"")?;
            let received = server.journal().received();
            require(!received.contains("/elsewhere"), || {
                format!("{status} was followed on the same host")
            })?;
        }
    }
    require(other.journal().connections() == 0, || {
        "a redirect was followed to another host".to_owned()
    })
}

async fn cookies(transport: &dyn HttpClient) -> Outcome {
    let answer = Step::send("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n");
    let server = one(vec![Step::Request, answer.clone(), Step::Request, answer]).await;
    for _ in 0..2 {
        expect_answer(transport.send(get(&server, "/")).await, 200, b"")?;
    }
    let received = server.journal().received().to_ascii_lowercase();
    require(!received.contains("\r\ncookie:"), || {
        "it sent a cookie".to_owned()
    })
}

async fn many(transport: &dyn HttpClient) -> Outcome {
    let mut servers = Vec::new();
    for number in 0..32 {
        servers.push(RawServer::answering(200, &format!("answer {number}")).await);
    }
    let mut running: Vec<_> = servers
        .iter()
        .map(|server| transport.send(get(server, "/")))
        .collect();
    for (number, future) in running.iter_mut().enumerate() {
        expect_answer(future.await, 200, format!("answer {number}").as_bytes())?;
    }
    Ok(())
}

async fn announced(transport: &dyn HttpClient) -> Outcome {
    for length in ["1025", "1099511627776", "18446744073709551615"] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let server = one(vec![Step::Request, Step::send(&head), Step::Hang]).await;
        let request = get(&server, "/").max_body(1024);
        expect_failure(transport.send(request).await, &[HttpErrorKind::TooLarge], true)?;
    }
    Ok(())
}

async fn endless(transport: &dyn HttpClient) -> Outcome {
    for (head, piece) in [
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "100\r\n".to_owned() + &"x".repeat(256) + "\r\n",
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(4096)),
    ] {
        let server = one(vec![
            Step::Request,
            Step::send(head),
            Step::Flood(piece.into_bytes()),
        ])
        .await;
        expect_failure(
            transport.send(get(&server, "/")).await,
            &[HttpErrorKind::TooLarge],
            true,
        )?;
        // The transport has to close, or this hangs.
        server.journal().until_ended(1).await;
    }
    Ok(())
}

async fn just_the_cap(transport: &dyn HttpClient) -> Outcome {
    let body = "x".repeat(1024);
    let server = one(vec![Step::Request, Step::answer(200, &body)]).await;
    expect_answer(
        transport.send(get(&server, "/").max_body(1024)).await,
        200,
        body.as_bytes(),
    )
}

async fn encoded(transport: &dyn HttpClient) -> Outcome {
    for encoding in ["gzip", "deflate", "br", "zstd"] {
        let answer =
            format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: 4\r\n\r\nabcd");
        let server = one(vec![Step::Request, Step::send(&answer)]).await;
        expect_failure(
            transport.send(get(&server, "/")).await,
            &[HttpErrorKind::Protocol],
            true,
        )?;
    }
    Ok(())
}

async fn huge_head(transport: &dyn HttpClient) -> Outcome {
    let piece = format!("x-field: {}\r\n", "y".repeat(1000)).into_bytes();
    let server = one(vec![
        Step::Request,
        Step::send("HTTP/1.1 200 OK\r\n"),
        Step::Flood(piece),
    ])
    .await;
    expect_failure(
        transport.send(get(&server, "/")).await,
        &[HttpErrorKind::TooLarge],
        true,
    )?;
    server.journal().until_ended(1).await;
    Ok(())
}

async fn many_fields(transport: &dyn HttpClient) -> Outcome {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n",
        "x: y\r\n".repeat(200)
    );
    let server = one(vec![Step::Request, Step::send(&head), Step::Hang]).await;
    expect_failure(
        transport.send(get(&server, "/")).await,
        &[HttpErrorKind::TooLarge],
        true,
    )
}

async fn interim_flood(transport: &dyn HttpClient) -> Outcome {
    let server = one(vec![
        Step::Request,
        Step::Flood(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
    ])
    .await;
    let kinds = [
        HttpErrorKind::TooLarge,
        HttpErrorKind::Protocol,
        HttpErrorKind::Timeout,
    ];
    expect_failure(transport.send(get(&server, "/")).await, &kinds, true)?;
    server.journal().until_ended(1).await;
    Ok(())
}

async fn garbage(transport: &dyn HttpClient) -> Outcome {
    for garbage in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
    ] {
        let server = one(vec![Step::Request, Step::send(garbage), Step::Hang]).await;
        let failure = transport.send(post(&server, "/")).await;
        expect_failure(failure, &[HttpErrorKind::Protocol], true)
            .map_err(|what| format!("{garbage:?}: {what}"))?;
    }
    Ok(())
}
