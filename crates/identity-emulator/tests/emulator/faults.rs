//! Faults that change answers, seen by a client.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::support::{emulator, get, token};
use identity_emulator::{Emulator, Fault, Outcome, ResetAt, Route};
use serde_json::{Value, json};

#[test]
fn a_throttled_sequence_ends_in_a_token() {
    let emulator = emulator();
    let handle = emulator.fault(
        Fault::on(Route::Token)
            .named("throttle")
            .times(2)
            .status(429)
            .retry_after(Duration::from_secs(3)),
    );
    for _ in 0..2 {
        let reply = token(&emulator);
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("3")));
        assert_eq!(reply.json()["error_codes"], json!([90_055]));
    }
    assert_eq!(token(&emulator).status, 200);
    assert_eq!(handle.applied(), 2);
    let seen = emulator.requests().token().exactly(3);
    assert_eq!(seen.first().unwrap().fault(), Some("throttle"));
    assert_eq!(
        seen.first().unwrap().outcome(),
        Outcome::Answered {
            status: 429,
            aadsts: Some(90_055)
        }
    );
    assert_eq!(seen.last().unwrap().fault(), None);
}

#[test]
fn faults_meet_their_route_alone() {
    let emulator = emulator();
    emulator.fault(Fault::on(Route::Keys).status(500));
    assert_eq!(token(&emulator).status, 200);
    let reply = get(&emulator, "/common/discovery/v2.0/keys");
    assert_eq!(
        (reply.status, &reply.json()["error"]),
        (500, &json!("temporarily_unavailable"))
    );
}

#[test]
fn a_refusal_by_code_is_the_whole_document() {
    let emulator = emulator();
    emulator.fault(
        Fault::on_any()
            .aadsts(50_076)
            .suberror("basic_action")
            .claims(r#"{"access_token":{}}"#),
    );
    let reply = token(&emulator);
    let body = reply.json();
    assert_eq!(
        (reply.status, &body["error"]),
        (400, &json!("interaction_required"))
    );
    assert_eq!(
        (&body["suberror"], &body["claims"]),
        (&json!("basic_action"), &json!(r#"{"access_token":{}}"#))
    );
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with("AADSTS50076: "), "{description}");
    assert!(!description.contains('{'), "{description}");
    assert_eq!(emulator.requests().last().unwrap().aadsts(), Some(50_076));
}

#[test]
fn every_refusal_of_the_catalogue_can_be_had_and_reads_whole() {
    let emulator = emulator();
    for entry in identity_emulator::Aadsts::all() {
        let handle = emulator.fault(Fault::on(Route::Token).aadsts(entry.code));
        let reply = token(&emulator);
        let body = reply.json();
        assert_eq!(reply.status, entry.status, "{}", entry.code);
        let description = body["error_description"].as_str().unwrap();
        assert!(!description.contains(['{', '}']), "{description}");
        assert_eq!(body.get("suberror").and_then(Value::as_str), entry.suberror);
        handle.remove();
    }
}

#[test]
fn another_status_may_go_with_a_code() {
    let emulator = emulator();
    emulator.fault(
        Fault::on(Route::Token)
            .aadsts(90_033)
            .status(504)
            .without_header("x-ms-request-id"),
    );
    let reply = token(&emulator);
    assert_eq!(
        (reply.status, &reply.json()["error_codes"]),
        (504, &json!([90_033]))
    );
    assert_eq!(reply.header("x-ms-request-id"), None);
}

#[test]
fn bodies_can_be_anything() {
    let emulator = emulator();
    emulator.fault(Fault::on_any().nth(1).json(json!({"error": "x"})));
    emulator.fault(
        Fault::on_any()
            .nth(2)
            .status(503)
            .body(Some("text/html"), "<html>portal</html>"),
    );
    emulator.fault(
        Fault::on_any()
            .nth(3)
            .body(Some("application/json"), "{\"access_token\": "),
    );
    emulator.fault(Fault::on_any().nth(4).body(None::<String>, vec![0xff, 0xfe]));
    emulator.fault(Fault::on_any().nth(5).status(204));
    emulator.fault(
        Fault::on_any()
            .nth(6)
            .redirect(307, "https://elsewhere.test/token"),
    );
    let one = token(&emulator);
    assert_eq!((one.status, one.json()), (200, json!({"error": "x"})));
    let two = token(&emulator);
    assert_eq!((two.status, two.header("content-type")), (503, Some("text/html")));
    assert_eq!(two.body, b"<html>portal</html>");
    assert_eq!(token(&emulator).body, b"{\"access_token\": ");
    let four = token(&emulator);
    assert_eq!(
        (four.header("content-type"), four.body.as_slice()),
        (None, &[0xff, 0xfe][..])
    );
    let five = token(&emulator);
    assert_eq!((five.status, five.body.len()), (204, 0));
    let six = token(&emulator);
    assert_eq!(
        (six.status, six.header("location")),
        (307, Some("https://elsewhere.test/token"))
    );
}

fn altered(fault: Fault) -> String {
    let emulator = emulator();
    emulator.fault(fault);
    let reply = token(&emulator);
    assert_eq!(reply.status, 200);
    String::from_utf8(reply.body).unwrap()
}

#[test]
fn fields_of_a_good_answer_can_be_changed() {
    let on = || Fault::on(Route::Token);
    for (fault, wanted) in [
        (on().field("expires_in", "3599"), r#""expires_in":"3599""#),
        (on().field("expires_in", 3599.5), r#""expires_in":3599.5"#),
        (on().field("expires_in", -1), r#""expires_in":-1"#),
        (on().field("expires_in", 1e12), r#""expires_in":1000000000000.0"#),
        (on().field_literal("expires_in", "1e400"), r#""expires_in":1e400"#),
        (
            on().field("expires_in", u64::MAX),
            r#""expires_in":18446744073709551615"#,
        ),
        (on().field("token_type", "pop"), r#""token_type":"pop""#),
        (on().field("refresh_in", 5), r#""refresh_in":5"#),
        (on().field("access_token", "a\r\nb"), r#""access_token":"a\r\nb""#),
        (on().field("access_token", Value::Null), r#""access_token":null"#),
        (
            on().field_literal("expires_in", "1,\"expires_in\":2"),
            r#""expires_in":1,"expires_in":2"#,
        ),
    ] {
        let body = altered(fault);
        assert!(body.contains(wanted), "{wanted} not in {body}");
        assert!(body.contains("\"token_type\""), "{body}");
    }
    let body: Value = serde_json::from_str(&altered(on().without_field("access_token"))).unwrap();
    assert!(body.get("access_token").is_none());
    assert_eq!(body["expires_in"], 3599);
}

#[test]
fn headers_can_be_changed_and_doubled() {
    let emulator = emulator();
    emulator.fault(
        Fault::on(Route::Token)
            .header("retry-after", "1")
            .header("retry-after", "2")
            .header("date", "Mon, 01 Jan 2001 00:00:00 GMT")
            .header("content-type", "text/plain"),
    );
    let reply = token(&emulator);
    let all = |name: &str| -> Vec<String> {
        reply
            .headers
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value.clone())
            .collect()
    };
    assert_eq!(all("retry-after"), ["1", "2"]);
    assert_eq!(all("date"), ["Mon, 01 Jan 2001 00:00:00 GMT"]);
    assert_eq!(all("content-type"), ["text/plain"]);
}

#[test]
fn a_replaced_request_is_not_served_and_a_broken_one_is() {
    let emulator = emulator();
    emulator.fault(Fault::on(Route::Token).reset(ResetAt::BeforeResponse));
    let mut stream = crate::support::connect(&emulator).unwrap();
    std::io::Write::write_all(&mut stream, &crate::support::token_request(&emulator)).unwrap();
    let (bytes, error) = crate::support::read_all(&mut stream);
    assert!(bytes.is_empty());
    assert_eq!(error.unwrap().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(emulator.requests().last().unwrap().outcome(), Outcome::Broken);
}

/// Sends a token request on another thread.
fn in_background(emulator: &Arc<Emulator>) -> thread::JoinHandle<u16> {
    let emulator = Arc::clone(emulator);
    thread::spawn(move || token(&emulator).status)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn a_gate_holds_requests_until_it_is_released() {
    let emulator = Arc::new(emulator());
    let gate = emulator.gate("slow");
    emulator.fault(Fault::on(Route::Token).hold(&gate));
    let waiting: Vec<_> = (0..3).map(|_| in_background(&emulator)).collect();
    block_on(gate.wait_for(3));
    emulator.requests().token().exactly(3);
    assert!(
        emulator
            .requests()
            .iter()
            .all(|request| request.outcome() == Outcome::Pending)
    );
    gate.release();
    for request in waiting {
        assert_eq!(request.join().unwrap(), 200);
    }
}

#[test]
fn a_delay_on_the_clock_ends_when_the_clock_is_moved() {
    let emulator = Arc::new(emulator());
    emulator.clock().freeze();
    emulator.fault(Fault::on(Route::Token).delay_on_clock(Duration::from_secs(30)));
    let waiting = in_background(&emulator);
    block_on(emulator.wait_for_requests(Route::Token, 1));
    assert!(!waiting.is_finished());
    emulator.clock().advance(Duration::from_secs(30));
    assert_eq!(waiting.join().unwrap(), 200);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a real delay is what is tested")]
fn a_real_delay_is_felt() {
    let emulator = emulator();
    emulator.fault(Fault::on(Route::Token).delay(Duration::from_millis(150)));
    let before = std::time::Instant::now();
    assert_eq!(token(&emulator).status, 200);
    assert!(before.elapsed() >= Duration::from_millis(150));
}

#[test]
fn a_client_that_gives_up_is_seen_to() {
    let emulator = emulator();
    emulator.fault(Fault::on(Route::Token).hang());
    let mut stream = crate::support::connect(&emulator).unwrap();
    std::io::Write::write_all(&mut stream, &crate::support::token_request(&emulator)).unwrap();
    block_on(emulator.wait_for_requests(Route::Token, 1));
    let request = emulator.requests().last().unwrap().clone();
    assert_eq!(request.outcome(), Outcome::Pending);
    drop(stream);
    emulator.fault(Fault::on(Route::Keys).status(200));
    // The next exchange goes after the end of the first connection through the same single thread.
    while request.outcome() == Outcome::Pending {
        get(&emulator, "/common/discovery/keys");
    }
    assert_eq!(request.outcome(), Outcome::Abandoned);
}

#[test]
fn removing_and_clearing_ends_faults() {
    let emulator = emulator();
    let handle = emulator.fault(Fault::on_any().status(500));
    assert_eq!(token(&emulator).status, 500);
    handle.remove();
    assert_eq!(token(&emulator).status, 200);
    emulator.fault(Fault::on_any().status(500));
    emulator.clear_faults();
    assert_eq!(token(&emulator).status, 200);
}

#[test]
#[should_panic(expected = "the fault makes no sense")]
fn a_senseless_fault_fails_the_test_that_makes_it() {
    emulator().fault(Fault::on_any().status(7));
}
