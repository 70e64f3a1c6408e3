//! Whoever else calls the listener: nobody of them ends the wait, and none of their codes gets in.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::answers::Answer;
use crate::browser::{ask, builder};
use crate::caller::{Page, form, within};
use crate::world::{World, run_still};

/// The right answer is served.
async fn signs_in(
    world: &World,
    page: &Page,
    task: tokio::task::JoinHandle<Result<String, identity_base::Error>>,
) {
    let answer = Answer::new(world, "token", "refresh").claim("nonce", page.value("nonce"));
    world.http.push(answer.step());
    let shown = within(Duration::from_secs(20), page.post(&page.answer("the-right-code"))).await;
    assert!(shown.contains("You are signed in"), "{shown}");
    assert_eq!(task.await.unwrap().unwrap(), answer.token());
    assert_eq!(world.form(0)["code"], "the-right-code");
    assert_eq!(world.http.calls(), 1, "no other code was redeemed");
}

/// A request that is not the answer, by its number.
fn hostile(page: &Page, number: usize) -> Vec<u8> {
    let state = page.value("state");
    let port = page.port;
    let post =
        |head: &str, body: &str| format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    let right = form(&[("code", "evil"), ("state", &state)]);
    let typed = "Content-Type: application/x-www-form-urlencoded\r\n";
    let to = |path: &str, host: &str| format!("POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{typed}");
    match number % 18 {
        0 => post(&to("/", "localhost"), &form(&[("code", "evil"), ("state", "wrong")])),
        1 => post(&to("/", "localhost"), &form(&[("code", "evil")])),
        2 => post(&to("/other", "localhost"), &right),
        3 => post(&to("/", "evil.test"), &right),
        4 => post(&format!("{}Origin: https://evil.test\r\n", to("/", "localhost")), &right),
        5 => post(&format!("POST / HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: text/plain\r\n"), &right),
        6 => format!("GET /?{right} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n").into_bytes(),
        7 => format!("GET /?error=access_denied&state=wrong{number} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n").into_bytes(),
        8 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        9 => vec![b'a'; 9000],
        10 => format!("POST / HTTP/1.1\r\nHost: localhost:{port}\r\n{typed}Content-Length: 9999999\r\n\r\n").into_bytes(),
        11 => format!("POST / HTTP/1.1\r\nHost: localhost:{port}\r\n{typed}Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n").into_bytes(),
        12 => Vec::new(),
        13 => format!("DELETE / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n").into_bytes(),
        14 => b"GET / HTTP/1.1\r\n".to_vec(),
        15 => post(&to("/", "localhost"), &form(&[("error", "x"), ("error_description", "y"), ("state", "wrong")])),
        16 => post(&to("/", "localhost"), &form(&[("code", "evil"), ("state", &state), ("state", &state)])),
        _ => post(&to("/", "localhost"), &form(&[("code", "evil"), ("code", "evil2"), ("state", &state)])),
    }
}

#[test]
fn ten_thousand_callers_and_then_the_right_one() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        within(Duration::from_secs(100), async {
            for number in 0..10_000 {
                let request = hostile(&page, number);
                let mut stream = TcpStream::connect(("127.0.0.1", page.port)).await.unwrap();
                // It may be closed on us at any time, and that is fine.
                if stream.write_all(&request).await.is_ok()
                    && number % 18 != 14
                    && number % 18 != 12
                    && number % 18 != 8
                {
                    let mut answer = [0u8; 64];
                    if let Ok(read) = stream.read(&mut answer).await
                        && read > 0
                    {
                        assert!(
                            answer.starts_with(b"HTTP/1.1 4"),
                            "{number}: {}",
                            String::from_utf8_lossy(&answer)
                        );
                    }
                }
            }
        })
        .await;
        assert!(!task.is_finished() && world.http.calls() == 0);
        signs_in(world, &page, task).await;
    });
}

#[test]
fn stalled_callers_take_nobodys_place() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        let mut stalled = Vec::new();
        for number in 0..256 {
            let mut stream = TcpStream::connect(("127.0.0.1", page.port)).await.unwrap();
            if number % 2 == 0 {
                let _sent = stream.write_all(b"POST / HTTP/1.1\r\nHost: localhost").await;
            }
            stalled.push(stream);
        }
        signs_in(world, &page, task).await;
    });
}

#[test]
fn a_slow_caller_is_cut_off() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        let mut slow = TcpStream::connect(("127.0.0.1", page.port)).await.unwrap();
        slow.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
        // Answered once the slow one was accepted, since connections are accepted in their order.
        assert!(page.get("/").await.starts_with("HTTP/1.1 404"));
        world.clock.advance(Duration::from_secs(10));
        let mut rest = Vec::new();
        let ended = within(Duration::from_secs(20), slow.read_to_end(&mut rest)).await;
        assert!(ended.is_err() || rest.is_empty(), "closed without an answer");
        signs_in(world, &page, task).await;
    });
}

#[test]
fn the_answer_may_come_in_pieces() {
    run_still(async |world| {
        let credential = builder(world).build().unwrap();
        let task = ask(&credential);
        let page = Page::opened(world).await;
        let answer = Answer::new(world, "token", "refresh").claim("nonce", page.value("nonce"));
        world.http.push(answer.step());
        let request = page.posting(&page.answer("code"));
        let mut stream = TcpStream::connect(("127.0.0.1", page.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in request.as_bytes().chunks(7) {
            stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut shown = String::new();
        stream.read_to_string(&mut shown).await.unwrap();
        assert!(shown.contains("You are signed in"));
        assert_eq!(task.await.unwrap().unwrap(), answer.token());
    });
}
