//! Faults in the bytes of an answer, seen on the wire.

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::support::{connect, emulator, read_all, read_reply, token, token_request};
use identity_emulator::{Fault, ResetAt, Route};

/// What comes back for a token request under a fault, to the end of the connection.
fn under(fault: Fault) -> (String, Option<ErrorKind>) {
    let emulator = emulator();
    emulator.fault(fault);
    let mut stream = connect(&emulator).unwrap();
    stream.write_all(&token_request(&emulator)).unwrap();
    let (bytes, error) = read_all(&mut stream);
    (
        String::from_utf8_lossy(&bytes).into_owned(),
        error.map(|error| error.kind()),
    )
}

fn on() -> Fault {
    Fault::on(Route::Token)
}

fn length_and_body(text: &str) -> (usize, &str) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    (length.parse().unwrap(), body)
}

#[test]
fn a_truncated_body_ends_in_order_but_short() {
    let (text, error) = under(on().truncate(10));
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    let (length, body) = length_and_body(&text);
    assert_eq!((body.len(), error), (10, None));
    assert!(length > 10);
}

#[test]
fn a_reset_before_the_response_leaves_no_byte() {
    assert_eq!(
        under(on().reset(ResetAt::BeforeResponse)),
        (String::new(), Some(ErrorKind::ConnectionReset))
    );
}

#[test]
fn a_reset_in_mid_body_comes_after_its_part() {
    let emulator = emulator();
    emulator.fault(on().reset(ResetAt::MidBody(7)));
    let mut stream = connect(&emulator).unwrap();
    stream.write_all(&token_request(&emulator)).unwrap();
    let (bytes, error) = read_all(&mut stream);
    assert_eq!(error.unwrap().kind(), ErrorKind::ConnectionReset);
    // A reset may overtake the bytes before it, but never let more through.
    if let Some((_, body)) = String::from_utf8(bytes).unwrap().split_once("\r\n\r\n") {
        assert!(body.len() <= 7, "{body}");
    }
}

#[test]
fn a_reset_after_the_response_kills_the_pooled_connection() {
    let emulator = emulator();
    emulator.fault(on().nth(1).reset(ResetAt::AfterResponse));
    let mut stream = connect(&emulator).unwrap();
    stream.write_all(&token_request(&emulator)).unwrap();
    assert_eq!(read_reply(&mut stream).unwrap().status, 200);
    let again = stream
        .write_all(&token_request(&emulator))
        .and_then(|()| read_reply(&mut stream).map(|_| ()));
    assert!(again.is_err());
    emulator.requests().token().exactly(1);
}

#[test]
fn raw_bytes_come_as_they_are() {
    let rubbish = "HTTP/1.1 1000 Far\r\nout: \u{1b}[31m";
    assert_eq!(under(on().raw(rubbish)), (rubbish.to_owned(), None));
    let flood = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
    assert_eq!(under(on().raw(flood.clone())), (flood, None));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a real pace is what is tested")]
fn a_dripping_body_takes_its_time_and_is_whole() {
    let emulator = emulator();
    emulator.fault(on().drip(5000).json(serde_json::json!({"pad": "x".repeat(1000)})));
    let before = Instant::now();
    let reply = token(&emulator);
    assert!(
        before.elapsed() >= Duration::from_millis(100),
        "{:?}",
        before.elapsed()
    );
    assert_eq!(reply.json()["pad"].as_str().unwrap().len(), 1000);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a real pace is what is tested")]
fn a_dripping_head_comes_byte_by_byte() {
    let emulator = emulator();
    emulator.fault(on().drip_head(20));
    let mut stream = connect(&emulator).unwrap();
    stream.write_all(&token_request(&emulator)).unwrap();
    let mut buffer = [0; 100];
    let before = Instant::now();
    // Ten portions a second, in TLS records of their own.
    for expected in [b"HT", b"TP", b"/1"] {
        assert_eq!(stream.read(&mut buffer).unwrap(), 2);
        assert_eq!(&buffer[..2], expected);
    }
    assert!(
        before.elapsed() >= Duration::from_millis(150),
        "{:?}",
        before.elapsed()
    );
}

#[test]
fn a_stalled_answer_falls_silent_with_the_connection_open() {
    let emulator = emulator();
    emulator.fault(on().stall(5));
    let mut stream = connect(&emulator).unwrap();
    stream.write_all(&token_request(&emulator)).unwrap();
    stream
        .sock
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let (bytes, error) = read_all(&mut stream);
    assert_eq!(error.unwrap().kind(), ErrorKind::WouldBlock);
    assert_eq!(length_and_body(&String::from_utf8(bytes).unwrap()).1.len(), 5);
}

#[test]
fn a_claimed_length_is_never_filled() {
    let emulator = emulator();
    emulator.fault(on().claim_length(1 << 40));
    let mut stream = connect(&emulator).unwrap();
    stream.write_all(&token_request(&emulator)).unwrap();
    stream
        .sock
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let (bytes, error) = read_all(&mut stream);
    assert_eq!(error.unwrap().kind(), ErrorKind::WouldBlock);
    let text = String::from_utf8(bytes).unwrap();
    let (length, body) = length_and_body(&text);
    assert_eq!(length, 1 << 40);
    assert!(body.contains("access_token"));
}

#[test]
fn a_huge_body_is_as_long_as_it_says_and_still_json() {
    let emulator = emulator();
    emulator.fault(on().huge_body(3_000_000));
    let reply = token(&emulator);
    assert!(reply.body.len() > 3_000_000);
    assert_eq!(reply.json()["token_type"], "Bearer");
}

#[test]
fn an_endless_body_outlasts_its_reader() {
    let emulator = emulator();
    emulator.fault(on().endless_body());
    let mut stream = connect(&emulator).unwrap();
    stream.write_all(&token_request(&emulator)).unwrap();
    let mut seen = vec![0; 5_000_000];
    stream.read_exact(&mut seen).unwrap();
    let head = String::from_utf8_lossy(&seen[..2000]).to_ascii_lowercase();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(!head.contains("content-length"), "{head}");
}

#[test]
fn other_connections_do_not_notice() {
    let emulator = emulator();
    emulator.fault(on().nth(1).reset(ResetAt::BeforeResponse));
    let mut quiet = connect(&emulator).unwrap();
    let mut broken = connect(&emulator).unwrap();
    broken.write_all(&token_request(&emulator)).unwrap();
    assert!(read_all(&mut broken).1.is_some());
    quiet.write_all(&token_request(&emulator)).unwrap();
    assert_eq!(read_reply(&mut quiet).unwrap().status, 200);
}
