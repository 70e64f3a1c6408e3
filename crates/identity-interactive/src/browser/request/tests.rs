//! Tests of heads.

mod properties;

use super::*;

fn parse(head: &str) -> Result<Head, Refusal> {
    Head::parse(head.as_bytes())
}

#[test]
fn a_browsers_request_is_read() {
    let head = parse(
        "POST /cb?a=b HTTP/1.1\r\nhOST: localhost:1\r\nOrigin:https://login.test \r\n\
         Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: 12\r\nX-Other: \u{e4}\r\n\r\n",
    )
    .unwrap();
    assert_eq!(
        (head.method, head.path.as_str(), head.query.as_str()),
        (Method::Post, "/cb", "a=b")
    );
    assert_eq!(
        (head.host.as_str(), head.origin.as_deref()),
        ("localhost:1", Some("https://login.test"))
    );
    assert!(head.is_form && head.body_bytes == 12);
}

#[test]
fn what_is_unusual_is_refused() {
    for bad in [
        "\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/2\r\nHost: h\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\t HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\n HTTP/1.1\r\nHost: a\r\n\r\n",
        " / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x10\r\n\r\n",
        "CONNECT evil:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(parse(bad).unwrap_err(), Refusal::Malformed, "{bad:?}");
    }
    for large in [
        "Content-Length: 65537",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked",
        "Upgrade: h2c",
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{large}\r\n\r\n");
        assert_eq!(parse(&head).unwrap_err(), Refusal::BodyTooLarge, "{large}");
    }
    assert_eq!(
        Head::parse(b"\x16\x03\x01\x02\x00\x01\r\n\r\n").unwrap_err(),
        Refusal::Malformed
    );
    assert_eq!(end_of_head(b"GET / HTTP/1.1\r\n"), None);
    assert_eq!(end_of_head(b"a\r\n\r\nbody"), Some(5));
}
